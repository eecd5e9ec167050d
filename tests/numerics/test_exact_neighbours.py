from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import (
    angle_between,
    exact_neighbours,
    nearest_neighbours,
    nearest_neighbours_of_queries,
    unit_rows,
)


def rows(count: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, dim)))


def test_equals_scikit_learn() -> None:
    unit = rows(200)
    reference = NearestNeighbors(n_neighbors=8, algorithm="brute").fit(unit)
    chords, indices = reference.kneighbors()
    found = nearest_neighbours(unit, 8)
    assert (found.indices == indices).all()
    assert np.abs(found.distances - 2 * np.arcsin(chords / 2)).max() < 1e-12


def test_equals_brute_force_over_other_groups() -> None:
    unit = rows(60)
    groups = np.array([f"scene {i % 11}" for i in range(60)])
    found = nearest_neighbours(unit, 5, groups=groups)
    for i in range(60):
        others = [j for j in range(60) if groups[j] != groups[i]]
        expected = sorted(others, key=lambda j: float(-unit[i] @ unit[j]))[:5]
        assert found.indices[i].tolist() == expected


@pytest.mark.parametrize("cells", [1, 700, 10**9])
def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    unit = np.concatenate([rows(80), rows(20)])  # the last 20 are copies of the first 20
    before = nearest_neighbours(unit, 7)
    monkeypatch.setattr(exact_neighbours, "_CELLS", cells)
    after = nearest_neighbours(unit, 7)
    assert (before.indices == after.indices).all()
    assert (before.distances == after.distances).all()


def test_ties_fall_to_the_lower_index() -> None:
    unit = np.repeat(rows(2), 30, axis=0)
    found = nearest_neighbours(unit, 5)
    assert found.indices[0].tolist() == [1, 2, 3, 4, 5]
    assert found.indices[29].tolist() == [0, 1, 2, 3, 4]
    assert found.indices[59].tolist() == [30, 31, 32, 33, 34]
    assert (found.distances == 0).all()


def test_missing_neighbours_are_marked() -> None:
    found = nearest_neighbours(rows(3), 4)
    assert (found.indices[:, 2:] == -1).all()
    assert np.isnan(found.distances[:, 2:]).all()
    assert (found.indices[:, :2] >= 0).all()
    alone = nearest_neighbours(rows(3), 2, groups=["a", "a", "a"])
    assert (alone.indices == -1).all()


def test_near_rows_are_told_apart() -> None:
    angles = np.array([0.0, 1e-5, 3e-5, 7e-5])
    found = nearest_neighbours(np.stack([np.cos(angles), np.sin(angles)], axis=1), 3)
    assert found.indices[0].tolist() == [1, 2, 3]
    assert found.distances[0] == pytest.approx(angles[1:], rel=1e-9)


def test_refuses_nonsense() -> None:
    with pytest.raises(ParameterError, match="0 neighbours were asked for"):
        nearest_neighbours(rows(4), 0)
    with pytest.raises(ParameterError, match="one group per vector"):
        nearest_neighbours(rows(4), 2, groups=["a"])


def test_nearest_among_others_is_exact_and_independent_of_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = np.random.default_rng(7)
    queries, vectors = generator.normal(size=(9, 5)), generator.normal(size=(40, 5))
    vectors[30] = vectors[3]
    angles = angle_between(unit_rows(queries)[:, None], unit_rows(vectors)[None])
    expected = np.argsort(np.round(angles, 10), axis=1, kind="stable")[:, :6]
    for cells in (1 << 22, 80):
        monkeypatch.setattr(exact_neighbours, "_CELLS", cells)
        found = nearest_neighbours_of_queries(2 * queries, vectors, 6)
        assert (found.indices == expected).all()
        assert np.abs(found.distances - np.take_along_axis(angles, expected, axis=1)).max() < 1e-12


def test_nearest_among_others_refuses_what_does_not_fit() -> None:
    with pytest.raises(ParameterError, match="queries have 2 dimensions and vectors 3"):
        nearest_neighbours_of_queries(np.eye(2), np.eye(3), 1)
    with pytest.raises(ParameterError, match="4 neighbours among 3 vectors"):
        nearest_neighbours_of_queries(np.eye(3), np.eye(3), 4)
