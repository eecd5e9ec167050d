from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import align_points, angle_between, unit_rows
from rainmer_analysis.sphere import fidelity

# the package's name is the function's
JUDGE = importlib.import_module("rainmer_analysis.sphere.fidelity")


def rows(count: int, dim: int, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, dim)))


def test_a_copy_is_perfect() -> None:
    points = rows(80, 3)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    found = fidelity(points, points @ turn)
    assert found == pytest.approx(
        {
            "trustworthiness": 1,
            "continuity": 1,
            "spearman": 1,
            "neighbors": 15,
            "judged_rows": 80,
        }
    )


@pytest.mark.parametrize("count", [3, 4, 10, 31, 120])
def test_equals_scikit_learn(count: int) -> None:
    vectors = rows(count, 20)
    points = unit_rows(vectors[:, :3] + 0.3 * rows(count, 3, 2))
    found = fidelity(vectors, points)
    k = found["neighbors"]
    assert k == min(15, -(-count // 2) - 1)
    # chords order as great circles do
    assert found["trustworthiness"] == pytest.approx(
        trustworthiness(vectors, points, n_neighbors=k)
    )
    assert found["continuity"] == pytest.approx(trustworthiness(points, vectors, n_neighbors=k))
    first, second = np.triu_indices(count, k=1)
    expected = spearmanr(
        angle_between(vectors[first], vectors[second]), angle_between(points[first], points[second])
    ).statistic
    assert found["spearman"] == pytest.approx(expected)


def test_chance_is_about_a_half() -> None:
    found = fidelity(rows(400, 20), rows(400, 3, 3))
    assert found["trustworthiness"] == pytest.approx(0.5, abs=0.03)
    assert found["continuity"] == pytest.approx(0.5, abs=0.03)
    assert abs(found["spearman"]) < 0.05


def test_tells_false_neighbours_from_torn_ones() -> None:
    vectors = rows(200, 3)
    # folding the southern half onto the northern makes false neighbours
    folded = vectors * np.sign(vectors[:, 2:])
    fold = fidelity(vectors, folded)
    assert fold["trustworthiness"] < fold["continuity"]
    tear = fidelity(folded, vectors)
    assert tear["trustworthiness"] > tear["continuity"]


def test_order_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, points = rows(90, 10), rows(90, 3, 4)
    expected = fidelity(vectors, points)
    order = np.random.default_rng(5).permutation(90)
    assert fidelity(vectors[order], points[order]) == pytest.approx(expected)
    monkeypatch.setattr(JUDGE, "_CELLS", 400)
    assert fidelity(vectors, points) == pytest.approx(expected)


def test_ranks_equal_those_of_a_stable_sort() -> None:
    # rows along axes: nothing but ties, and exact in every product
    generator = np.random.default_rng(6)
    table, points = (np.eye(width)[generator.integers(width, size=50)] for width in (5, 3))
    k, total, excess = 15, 50, [0, 0]
    unit = [unit_rows(rows) for rows in (table, points)]
    ranks = [np.empty((total, total), dtype=int) for _ in unit]
    for rank, rows in zip(ranks, unit, strict=True):
        cosines = rows @ rows.T
        np.fill_diagonal(cosines, -np.inf)
        order = np.argsort(-cosines, axis=1, kind="stable")
        np.put_along_axis(rank, order, np.arange(1, total + 1)[None], axis=1)
    for place, (one, other) in enumerate((ranks, ranks[::-1])):
        excess[place] = np.maximum(one[other <= k] - k, 0).sum()
    scale = 2 / (total * k * (2 * total - 3 * k - 1))
    found = fidelity(table, points)
    assert found["trustworthiness"] == pytest.approx(1 - scale * excess[0])
    assert found["continuity"] == pytest.approx(1 - scale * excess[1])


def test_the_judged_rows_of_many_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = rows(1500, 12)
    points = unit_rows(vectors[:, :3] + 0.2 * rows(1500, 3, 7))
    whole = fidelity(vectors, points)
    assert whole["judged_rows"] == 1500
    monkeypatch.setattr(JUDGE, "_JUDGED", 500)
    found, again, other = (fidelity(vectors, points, seed=seed) for seed in (1, 1, 2))
    assert found == again
    assert found["judged_rows"] == 500
    for name in ("trustworthiness", "continuity"):
        assert found[name] != other[name]
        assert found[name] == pytest.approx(whole[name], abs=0.02)


def test_many_rows_are_sampled_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JUDGE, "_SAMPLE", 200)
    vectors = rows(260, 4)
    points = unit_rows(vectors[:, :3])
    first, again, other = (fidelity(vectors, points, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first["spearman"] != other["spearman"]
    assert first["spearman"] == pytest.approx(other["spearman"], abs=0.04)
    assert first["trustworthiness"] == other["trustworthiness"]


def test_equal_distances_have_no_rank_correlation() -> None:
    found = fidelity(np.eye(4), rows(4, 3))
    assert np.isnan(found["spearman"])


def test_published_layout_is_judged_alike_after_a_turn(oracle: Path) -> None:
    with np.load(oracle / "umap_io.npz") as stored:
        vectors, points = stored["X"], stored["xyz"]
    turned = align_points(points, np.roll(points, 1, axis=1))
    assert fidelity(vectors, turned) == pytest.approx(fidelity(vectors, points), abs=1e-6)


@pytest.mark.parametrize(("high", "low"), [(2, 2), (5, 4)])
def test_refuses_what_it_cannot_compare(high: int, low: int) -> None:
    with pytest.raises(ParameterError, match=f"{high} vectors and {low} points"):
        fidelity(rows(high, 5), rows(low, 3))
