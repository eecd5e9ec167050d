from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.membership import DatasetMembership
from rainmer_analysis.scores.membership.conformal_p_values import SceneConformal
from rainmer_analysis.scores.membership.scene_distances import SceneIndex
from rainmer_analysis.values import EmbeddingTable, Rows, Space

SPACE = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cloud(centre: list[float], count: int, seed: int, spread: float = 0.4) -> np.ndarray:
    return unit(
        np.array(centre) + np.random.default_rng(seed).normal(scale=spread, size=(count, 4))
    )


def table_of(parts: dict[str, np.ndarray], groups: dict[str, list[str]] | None = None):
    frame = pd.DataFrame(
        [
            (
                f"{name}/{row}",
                name,
                (groups or {}).get(name, [f"{name}-{i}" for i in range(999)])[row],
            )
            for name, vectors in parts.items()
            for row in range(len(vectors))
        ],
        columns=["image_id", "dataset", "group"],
    )
    return EmbeddingTable(np.concatenate(list(parts.values())), Rows(frame), SPACE)


def plain_p(known: np.ndarray, scenes: np.ndarray, new: np.ndarray, asked: int) -> float:
    """Compute p by taking every strangeness anew, image by image and scene by scene."""
    vectors = np.concatenate([known, new[None]])
    labels = [*scenes.tolist(), "new"]

    def strangeness(row: int) -> float:
        nearest: dict[object, float] = {}
        for other, label in enumerate(labels):
            if label != labels[row]:
                angle = np.arccos(np.clip(vectors[row] @ vectors[other], -1, 1))
                nearest[label] = min(angle, nearest.get(label, np.inf))
        return float(np.mean(sorted(nearest.values())[:asked]))

    own = strangeness(len(known))
    shares = {
        scene: np.mean([strangeness(row) >= own - 1e-12 for row in np.flatnonzero(scenes == scene)])
        for scene in set(scenes.tolist())
    }
    return (1 + sum(shares.values())) / (len(shares) + 1)


def test_p_is_that_of_the_definition() -> None:
    known = cloud([1, 0, 0, 0], 24, seed=0)
    scenes = np.arange(24) // np.array([2] * 12 + [3] * 12)
    test = SceneConformal.of(SceneIndex.sorted_by_scene(known, scenes))
    new = np.concatenate(
        [cloud([1, 0, 0, 0], 6, seed=1), cloud([0, 1, 0, 0], 3, seed=2), known[:2]]
    )
    expected = [plain_p(known, scenes, each, test.index.neighbour_scene_count) for each in new]
    np.testing.assert_allclose(test.p_values(new), expected, rtol=0, atol=1e-12)


def test_a_new_scene_is_refused_no_oftener_than_the_level_says() -> None:
    generator = np.random.default_rng(3)
    refused = 0
    trials, alpha = 400, 0.2
    for _ in range(trials):
        vectors = unit(np.array([1.0, 0, 0, 0]) + generator.normal(scale=0.5, size=(20, 4)))
        test = SceneConformal.of(SceneIndex.sorted_by_scene(vectors[:19], np.arange(19)))
        refused += test.p_values(vectors[19:])[0] <= alpha + 1e-12
    # p is exact here: 4 of the 20 ranks are refused
    assert binom.ppf(0.001, trials, alpha) <= refused <= binom.ppf(0.999, trials, alpha)


def test_members_are_recognised_and_strangers_refused() -> None:
    table = table_of({"a": cloud([1, 0, 0, 0], 40, 0, 0.1), "b": cloud([0, 1, 0, 0], 40, 1, 0.1)})
    model = DatasetMembership(table)
    new = np.concatenate(
        [
            cloud([1, 0, 0, 0], 20, 5, 0.1),
            cloud([0, 1, 0, 0], 20, 6, 0.1),
            cloud([0, 0, -1, 0], 20, 7, 0.1),
        ]
    )
    found = model.predict(new, level=0.9)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    assert (found.probabilities[:20, 0] > 0.9).mean() > 0.9
    assert (found.probabilities[20:40, 1] > 0.9).mean() > 0.9
    assert found.outside[40:].all()
    assert found.outside[:40].mean() < 0.25


def test_probabilities_do_not_grow_with_the_size_of_a_dataset() -> None:
    table = table_of({"a": cloud([1, 0, 0, 0], 150, 0), "b": cloud([1, 0, 0, 0], 30, 1)})
    found = DatasetMembership(table).predict(cloud([1, 0, 0, 0], 200, 9))
    assert abs(found.probabilities[:, 0].mean() - 0.5) < 0.08


def test_the_order_of_rows_does_not_matter() -> None:
    table = table_of({"a": cloud([1, 0, 0, 0], 15, 0), "b": cloud([0, 1, 0, 0], 12, 1)})
    order = np.random.default_rng(0).permutation(15)
    shuffled = table.take([*order, *range(15, 27)])
    new = cloud([1, 0.5, 0, 0], 5, 9)
    first, second = (DatasetMembership(each).predict(new) for each in (table, shuffled))
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-6)
    np.testing.assert_array_equal(first.p_values, second.p_values)


def test_small_datasets_are_named() -> None:
    table = table_of(
        {
            "a": cloud([1, 0, 0, 0], 15, 0),
            "few": cloud([0, 1, 0, 0], 5, 1),
            "two": cloud([0, 0, 1, 0], 2, 2),
        }
    )
    model = DatasetMembership(table)
    assert model.left_out == {"two": 2}
    assert model.datasets == ("a", "few")
    assert model.datasets_too_small_for(0.9) == ("few",)
    assert model.datasets_too_small_for(0.8) == ()
    # a dataset that cannot refuse keeps every image inside
    assert not model.predict(cloud([0, 0, 0, -1], 4, 3), level=0.9).outside.any()


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ParameterError, match="no dataset of the table has 3 scenes"):
        DatasetMembership(table_of({"a": cloud([1, 0, 0, 0], 2, 0)}))
    model = DatasetMembership(table_of({"a": cloud([1, 0, 0, 0], 5, 0)}))
    with pytest.raises(ParameterError, match="the level is 1"):
        model.predict(cloud([1, 0, 0, 0], 1, 0), level=1)
    assert model.predict(cloud([1, 0, 0, 0], 2, 0)).probabilities.tolist() == [[1], [1]]
