from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.probing import neighbour_hits
from rainmer_analysis.values import EmbeddingTable, Rows, Space

SPACE = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")


def table(vectors: np.ndarray, datasets: list[str], scenes: list[str]) -> EmbeddingTable:
    frame = pd.DataFrame(
        {
            "image_id": [f"{name}/{i}.png" for i, name in enumerate(datasets)],
            "dataset": datasets,
            "group": scenes,
        }
    )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return EmbeddingTable(unit, Rows(frame), SPACE)


def drawn(seed: int = 0) -> EmbeddingTable:
    rng = np.random.default_rng(seed)
    datasets = ["few"] * 6 + ["many"] * 20 + ["paired"] * 6
    scenes = [f"a{i}" for i in range(6)] + [f"b{i // 2}" for i in range(20)]
    scenes += [f"a{i}" for i in range(6)]
    return table(rng.normal(size=(32, 4)), datasets, scenes)


def test_agrees_with_a_slow_second_implementation() -> None:
    given = drawn()
    labels, scenes = given.rows.column("dataset"), given.rows.column("group")
    cosines = given.vectors.astype(float) @ given.vectors.T.astype(float)
    shares: dict[str, list[bool]] = {}
    for i in range(len(given)):
        others = [j for j in range(len(given)) if scenes[j] != scenes[i]]
        best = max(others, key=lambda j: cosines[i, j])
        shares.setdefault(labels[i], []).append(labels[best] == labels[i])
    found = neighbour_hits(given)
    assert found.accuracy_by_dataset == {name: np.mean(hit) for name, hit in sorted(shares.items())}
    assert found.accuracy == pytest.approx(np.mean([np.mean(hit) for hit in shares.values()]))


def test_apart_is_one_and_noise_is_chance() -> None:
    datasets = ["a"] * 10 + ["b"] * 30
    scenes = [str(i) for i in range(40)]
    apart = np.eye(2)[[0] * 10 + [1] * 30] + 0.01 * np.random.default_rng(0).random((40, 2))
    assert neighbour_hits(table(apart, datasets, scenes)).accuracy == 1
    noise = [
        neighbour_hits(table(np.random.default_rng(k).normal(size=(40, 3)), datasets, scenes))
        for k in range(60)
    ]
    assert noise[0].chance == pytest.approx((9 / 39 + 29 / 39) / 2)
    assert np.mean([each.accuracy for each in noise]) == pytest.approx(noise[0].chance, abs=0.03)


def test_resamples_keep_every_dataset_and_are_paired_between_spaces() -> None:
    first, second = neighbour_hits(drawn(0)), neighbour_hits(drawn(1))
    resampled = first.resampled_accuracies(resamples=300)
    assert np.isfinite(resampled).all()
    assert resampled.mean() == pytest.approx(first.accuracy, abs=0.05)
    assert np.array_equal(resampled, first.resampled_accuracies(resamples=300))
    own = first.resampled_accuracies(resamples=300) - first.resampled_accuracies(resamples=300)
    assert (own == 0).all()
    assert not np.array_equal(second.resampled_accuracies(resamples=300), resampled)


def test_one_dataset_or_scene_alone_is_refused() -> None:
    vectors = np.eye(3)
    for datasets, scenes in [(["a"] * 3, ["1", "2", "3"]), (["a", "b", "b"], ["1"] * 3)]:
        with pytest.raises(ParameterError, match="at least two of both"):
            neighbour_hits(table(vectors, datasets, scenes))
