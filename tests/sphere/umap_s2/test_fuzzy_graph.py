from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors

from rainmer_analysis.numerics import nearest_neighbours, unit_rows
from rainmer_analysis.sphere import umap_learn_layout
from rainmer_analysis.sphere.umap_s2 import Graph, fast_neighbours, fuzzy_graph, nearest_rows


def rows(count: int, dim: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return unit_rows(generator.normal(size=(count, dim)) + 2 * (np.arange(count)[:, None] % 3))


def dense(graph: Graph) -> np.ndarray:
    return np.asarray(graph.to_sparse().toarray())


@pytest.mark.parametrize(
    ("count", "dim", "k"),
    [(2, 3, 1), (5, 3, 4), (90, 8, 14), (300, 40, 49), (40, 2, 1), (2600, 6, 7)],
)
def test_neighbours_equal_the_slow_ones(count: int, dim: int, k: int) -> None:
    unit = rows(count, dim)
    found, expected = nearest_rows(unit, k), nearest_neighbours(unit, k)
    assert (found.indices == expected.indices).all()
    assert np.abs(found.distances - expected.distances).max() < 1e-14


def test_neighbours_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = rows(70, 9)
    expected = nearest_rows(unit, 11)
    monkeypatch.setattr(fast_neighbours, "_BLOCK", 5)
    found = nearest_rows(unit, 11)
    assert (found.indices == expected.indices).all()
    assert (found.distances == expected.distances).all()


def test_every_pair_of_blocks_meets_once_and_none_twice_in_a_round() -> None:
    for blocks in (2, 4, 14):
        met = set()
        for firsts, seconds in fast_neighbours._round_robin_pairings(blocks):
            together = np.concatenate([firsts, seconds[firsts != seconds]])
            assert len(set(together.tolist())) == len(together)
            met |= {frozenset(pair) for pair in zip(firsts.tolist(), seconds.tolist(), strict=True)}
        assert len(met) == blocks * (blocks + 1) // 2


def test_equally_near_rows_fall_to_the_lower_index() -> None:
    unit = np.tile(np.eye(6), (250, 1))  # nothing but ties, across tiles and blocks
    found = nearest_rows(unit, 5)
    own = np.arange(1500)
    expected = np.array([[j for j in range(i % 6, 42, 6) if j != i][:5] for i in own])
    assert (found.indices == expected).all()


def test_neighbours_do_not_depend_on_threads() -> None:
    unit, threads = rows(3000, 20), numba.get_num_threads()
    expected = nearest_rows(unit, 15)
    numba.set_num_threads(1)
    try:
        found = nearest_rows(unit, 15)
    finally:
        numba.set_num_threads(threads)
    assert (found.indices == expected.indices).all()
    assert (found.distances == expected.distances).all()


def test_close_rows_are_told_apart_where_float32_cannot() -> None:
    base = np.array([[1.0, 0.0, 0.0]])
    angles = np.array([0, 3e-4, 1e-4, 4e-4, 2e-4, 1.0, 1.1])
    unit = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    assert np.ptp(unit[:5].astype(np.float32) @ base[0].astype(np.float32)) < 1e-6
    found = nearest_rows(unit, 4)
    assert found.indices[0].tolist() == [2, 4, 1, 3]
    assert found.distances[0] == pytest.approx([1e-4, 2e-4, 3e-4, 4e-4], rel=1e-9)


def test_rows_that_differ_by_rounding_are_the_same() -> None:
    unit = rows(20, 5)
    unit[1] = unit_rows(unit[:1] + 1e-9)[0]
    assert nearest_rows(unit, 3).distances[0, 0] == 0


class Descent:
    """Stands in for pynndescent, whose compilation takes a minute: finds all but row 5 itself."""

    def __init__(self, data: np.ndarray, *, n_neighbors: int, n_jobs: int, **options: Any) -> None:
        assert (options["metric"], n_jobs) == ("euclidean", 1)
        chords, found = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(data).kneighbors(data)
        found[5, :-1], chords[5, :-1] = found[5, 1:], chords[5, 1:]
        self.neighbor_graph = found[:, :-1], chords[:, :-1]


def test_many_rows_go_through_an_approximate_search(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = rows(200, 6)
    monkeypatch.setattr(fast_neighbours, "EXACT_ROWS", 100)
    monkeypatch.setitem(sys.modules, "pynndescent", SimpleNamespace(NNDescent=Descent))
    found, expected = nearest_rows(unit, 10), nearest_neighbours(unit, 10)
    assert (found.indices == expected.indices).all()
    assert np.abs(found.distances - expected.distances).max() < 1e-6


def assert_equals_umap_learn(unit: np.ndarray, k: int) -> None:
    near = nearest_rows(unit, k)
    own = np.arange(len(unit))[:, None]
    expected, _, _ = umap_learn_layout.umap.umap_.fuzzy_simplicial_set(
        unit.astype(np.float32),
        k + 1,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=np.concatenate([own, near.indices], axis=1),
        knn_dists=np.pad(near.distances, ((0, 0), (1, 0))).astype(np.float32),
    )
    found = fuzzy_graph(near)
    assert np.abs(dense(found) - expected.toarray()).max() < 1e-5
    assert (np.diff(found.starts) > 0).all()


@pytest.mark.parametrize(("count", "k"), [(4, 3), (60, 5), (250, 14), (250, 49)])
def test_equals_umap_learn(count: int, k: int) -> None:
    assert_equals_umap_learn(rows(count, 12), k)


def test_equals_umap_learn_on_digits() -> None:
    assert_equals_umap_learn(unit_rows(load_digits().data), 49)


def test_equals_umap_learn_on_stored_vectors(oracle: Path) -> None:
    with np.load(oracle / "umap_io.npz") as stored:
        assert_equals_umap_learn(unit_rows(stored["X"]), 14)


def test_equals_umap_learn_where_rows_are_doubled_and_groups_apart() -> None:
    unit = np.concatenate([rows(40, 6), rows(40, 6), -rows(60, 6, seed=1)])
    assert_equals_umap_learn(unit, 9)


def test_is_symmetric_without_loops_and_every_row_has_a_full_edge() -> None:
    graph = fuzzy_graph(nearest_rows(rows(120, 10), 9))
    weights = dense(graph)
    assert (weights == weights.T).all()
    assert (np.diag(weights) == 0).all()
    assert (weights.max(axis=1) == 1).all()
    assert len(graph) == 120


def test_one_way_weights_sum_to_the_logarithm() -> None:
    # in a graph whose rows choose only each other the union can be undone
    unit = rows(30, 7)
    weights = dense(fuzzy_graph(nearest_rows(unit, 29)))
    distances = NearestNeighbors(n_neighbors=29).fit(unit).kneighbors()[0]
    assert distances.min() > 0
    # a + b - a b, with both sums log2(30): the union holds at least either and at most both
    assert (weights.sum(axis=1) > np.log2(30) - 1e-6).all()
    assert weights.sum() < 2 * 30 * np.log2(30)


def test_turning_rows_does_not_change_weights() -> None:
    unit = rows(200, 16)
    unit[:10] = unit[10:20]
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(16, 16)))
    one = dense(fuzzy_graph(nearest_rows(unit, 20)))
    other = dense(fuzzy_graph(nearest_rows(unit_rows(unit @ turn), 20)))
    assert np.abs(one - other).max() < 1e-5
