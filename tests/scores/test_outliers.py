from __future__ import annotations

import numpy as np
import pandas as pd

from rainmer_analysis.scores import find_outliers
from rainmer_analysis.values import EmbeddingTable, Rows, Space

SPACE = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")


def table_of(vectors: np.ndarray, datasets: list[str], groups: list[str]) -> EmbeddingTable:
    frame = pd.DataFrame(
        {
            "image_id": [f"{name}/{row}" for row, name in enumerate(datasets)],
            "dataset": datasets,
            "group": groups,
        }
    )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return EmbeddingTable(unit, Rows(frame), SPACE)


def crowd(count: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(scale=0.05, size=(count, 4))
    return np.array([1.0, 0, 0, 0]) + noise


def test_a_stranger_is_found_and_measured() -> None:
    vectors = crowd(40)
    vectors[17] = [0, 1, 0, 0]
    found = find_outliers(table_of(vectors, ["a"] * 40, [str(i) for i in range(40)]))
    assert found[0].index == 17
    assert 80 < found[0].distance < 90
    assert found[0].typical < 8
    assert found[0].excess > 10


def test_a_twin_of_the_same_scene_does_not_hide_a_stranger() -> None:
    vectors = crowd(40)
    vectors[17:23] = [0, 1, 0, 0]
    groups = [str(i) for i in range(40)]
    hidden = find_outliers(table_of(vectors, ["a"] * 40, groups))
    assert 17 not in {each.index for each in hidden}
    groups[17:23] = ["one scene"] * 6
    found = find_outliers(table_of(vectors, ["a"] * 40, groups))
    assert {17, 18, 19, 20, 21, 22} <= {each.index for each in found}


def test_each_dataset_is_its_own_measure_and_small_ones_are_not_judged() -> None:
    vectors = np.concatenate([crowd(30), -crowd(30, seed=1), np.eye(4)])
    names = ["a"] * 30 + ["b"] * 30 + ["c"] * 4
    groups = [str(i) for i in range(64)]
    found = find_outliers(table_of(vectors, names, groups))
    assert all(each.index < 60 for each in found)
    assert all(each.distance < 20 for each in found)
