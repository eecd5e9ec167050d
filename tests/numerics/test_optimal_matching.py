from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import match_points, match_scalars


def least(candidates: np.ndarray, targets: np.ndarray) -> float:
    costs = cdist(targets.reshape(len(targets), -1), candidates.reshape(len(candidates), -1))
    return float(costs[linear_sum_assignment(costs)].sum())


@pytest.mark.parametrize("ties", [False, True])
def test_on_a_line_it_is_the_optimal_assignment(ties: bool) -> None:
    rng = np.random.default_rng(int(ties))
    for _ in range(300):
        n = int(rng.integers(1, 14))
        size = int(rng.integers(1, n + 1))
        if ties:
            points = rng.integers(0, 8, n).astype(float)
            targets = rng.integers(-2, 10, size).astype(float)
        else:
            points = rng.normal(size=n)
            targets = rng.normal(rng.normal(), 1.5 * rng.random(), size=size)
        chosen = match_scalars(points, targets)
        assert len(set(chosen.tolist())) == size
        cost = np.abs(np.sort(points[chosen]) - np.sort(targets)).sum()
        assert cost == pytest.approx(least(points, targets), abs=1e-9)


def test_points_in_one_block_are_the_optimal_assignment() -> None:
    rng = np.random.default_rng(2)
    points, targets = rng.normal(size=(40, 3)), rng.normal(1.0, size=(15, 3))
    chosen = points[match_points(points, targets)]
    assert least(chosen, targets) == pytest.approx(least(points, targets))


def test_blocks_choose_different_points_and_stay_near_the_optimum() -> None:
    rng = np.random.default_rng(3)
    points, targets = rng.normal(size=(900, 2)), rng.normal(0.5, 1.0, size=(300, 2))
    chosen = match_points(points, targets, block=30_000)
    assert len(set(chosen.tolist())) == 300
    assert chosen.tolist() == match_points(points, targets, block=30_000).tolist()
    best, found = least(points, targets), least(points[chosen], targets)
    untouched = least(points[:300], targets)
    assert best <= found + 1e-9
    assert found < 0.5 * (best + untouched)


def test_every_size_up_to_all_fits_in_blocks() -> None:
    points = np.random.default_rng(4).normal(size=(23, 2))
    for size in (1, 7, 22, 23):
        assert len(set(match_points(points, points[:size], block=20).tolist())) == size


def test_more_targets_than_candidates_are_refused() -> None:
    for match in (match_scalars, match_points):
        with pytest.raises(ParameterError, match="3 different points were asked for of 2"):
            match(
                np.zeros((2, 1))[:, 0] if match is match_scalars else np.zeros((2, 1)),
                np.zeros(3) if match is match_scalars else np.zeros((3, 1)),
            )
