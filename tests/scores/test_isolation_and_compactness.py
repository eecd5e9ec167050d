from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores import compactness, isolation
from rainmer_analysis.values import EmbeddingTable

Make = Callable[..., EmbeddingTable]


def cloud(centre: list[float], count: int, spread: float, seed: int) -> np.ndarray:
    return np.array(centre) + spread * np.random.default_rng(seed).normal(size=(count, 3))


def test_separate_clusters_are_isolated(make: Make) -> None:
    rows = np.concatenate([cloud([1, 0, 0], 40, 0.01, 0), cloud([0, 1, 0], 40, 0.01, 1)])
    table = make(rows, ["a"] * 40 + ["b"] * 40)
    assert isolation(table, "a") == 1


def test_shuffled_labels_are_mixed(make: Make) -> None:
    rows = np.random.default_rng(2).normal(size=(600, 3))
    table = make(rows, ["a" if i % 3 else "b" for i in range(600)])
    # by chance as many as the dataset has among the other images
    assert isolation(table, "b") == pytest.approx(199 / 599, abs=0.03)


def test_a_dataset_of_hidden_parts_falls_between(make: Make) -> None:
    # half of a lies apart, the other half lies on b
    rows = np.concatenate(
        [
            cloud([1, 0, 0], 50, 0.01, 0),
            cloud([0, 1, 0], 50, 0.01, 1),
            cloud([0, 1, 0], 50, 0.01, 2),
        ]
    )
    table = make(rows, ["a"] * 100 + ["b"] * 50)
    assert isolation(table, "a") == pytest.approx(0.75, abs=0.05)


def test_images_of_one_scene_are_no_neighbours(make: Make) -> None:
    # each dataset is ten frames of one scene, so only foreign frames are left
    rows = np.concatenate([cloud([1, 0, 0], 10, 0.01, 0), cloud([0, 1, 0], 10, 0.01, 1)])
    table = make(rows, ["a"] * 10 + ["b"] * 10, ["s"] * 10 + ["t"] * 10)
    assert isolation(table, "a") == 0


def test_fewer_neighbours_than_asked_for(make: Make) -> None:
    table = make(np.eye(3), ["a", "a", "b"])
    assert isolation(table, "a", k=15) == pytest.approx(0.5)


def test_compactness_has_the_value_of_its_formula(make: Make) -> None:
    # two pairs at 0.1 rad to either side of directions that stand at a right angle
    angles = np.array([-0.1, 0.1, np.pi / 2 - 0.1, np.pi / 2 + 0.1])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    table = make(rows, ["a", "a", "b", "b"])
    assert compactness(table) == pytest.approx(0.1 / (np.pi / 2), rel=1e-6)


def test_compactness_counts_datasets_not_images(make: Make) -> None:
    rows = np.concatenate([cloud([1, 0, 0], 30, 0.1, 0), cloud([0, 1, 0], 10, 0.02, 1)])
    names = ["a"] * 30 + ["b"] * 10
    twice = np.concatenate([rows, rows[:30]])
    assert compactness(make(twice, [*names, *["a"] * 30])) == pytest.approx(
        compactness(make(rows, names))
    )


def test_wider_is_less_compact(make: Make) -> None:
    def value(spread: float) -> float:
        rows = np.concatenate([cloud([1, 0, 0], 50, spread, 0), cloud([0, 1, 0], 50, spread, 1)])
        return compactness(make(rows, ["a"] * 50 + ["b"] * 50))

    assert value(0.01) < value(0.1) < value(0.4)
    same = make(np.ones((4, 3)), ["a", "a", "b", "b"])
    assert compactness(same) == np.inf


def test_refuses_what_it_cannot_answer(make: Make) -> None:
    table = make(np.eye(3), ["a", "a", "b"])
    with pytest.raises(ParameterError, match="no dataset 'x'; it has a, b"):
        isolation(table, "x")
    with pytest.raises(ParameterError, match="no image of a stands beside"):
        isolation(make(np.eye(3), ["a", "a", "b"], ["s"] * 3), "a")
    with pytest.raises(ParameterError, match="give at least two"):
        compactness(table.take([0, 1]))
    with pytest.raises(ParameterError, match="vectors of a cancel out"):
        compactness(make(np.array([[1.0, 0], [-1, 0], [0, 1]]), ["a", "a", "b"]))
