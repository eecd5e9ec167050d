"""Choose a subset of points that lies as a given distribution does: optimal matching.

In one dimension the subset is exact: N points of the reference, its quantiles at the levels
(i - 1/2) / N, are matched to different candidates so that the sum of distances is the least that
there is. In several dimensions the exact assignment needs a matrix of all distances; where that
grows beyond a bound, both sides are divided at random into blocks that are solved one by one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import report_progress

__all__ = ["BLOCK", "match_points", "match_scalars"]

BLOCK = 4_000_000
"""Distances that are in memory at once."""
_REPORTED = 256  # targets between two reports of progress

Indices = NDArray[np.int64]


def match_scalars(candidates: ArrayLike, targets: ArrayLike) -> Indices:
    """Match each target to a candidate of its own with the least sum of distances, on a line.

    Targets join in growing order. A target takes the nearest candidate to the right of those
    taken; where that is not its nearest of all, it either stays there, or the run of neighbouring
    candidates that are taken moves one to the left, whichever costs less. That is the cheapest
    augmenting path of the assignment problem, so that the result is an optimum of it. Time grows
    with targets times the longest run.

    Raises ParameterError: there are more targets than candidates.

    Parameters
    ----------
    candidates
        Finite numbers (n,), in any order.
    targets
        Finite numbers (N,), N up to n.

    Returns
    -------
    Indices of N candidates, in the order of their values; equal values by index.
    """
    given, wanted = np.asarray(candidates, np.float64), np.sort(np.asarray(targets, np.float64))
    _check_enough_candidates(len(given), len(wanted))
    order = np.argsort(given, kind="stable")
    points = given[order]
    taken = np.empty(len(wanted), dtype=np.int64)  # positions in `points`, growing
    run = 0  # first target of the last run of neighbours
    for index, target in enumerate(wanted):
        if index % _REPORTED == 0:
            report_progress(index, len(wanted), "row")
        last = taken[index - 1] if index else -1
        nearest = _index_of_nearest(points, target)
        if nearest > last:
            taken[index] = nearest
            run = run if index and nearest == last + 1 else index
            continue
        first = taken[run]
        if last + 1 < len(points) and (
            first == 0
            or _cost_of_extending_right(points, target, last)
            <= _cost_of_shifting_left(points, wanted[run : index + 1], first)
        ):
            taken[index] = last + 1
            continue
        taken[run:index] -= 1
        taken[index] = last
        while run and taken[run - 1] == taken[run] - 1:
            run -= 1
    return order[taken].astype(np.int64)


def match_points(
    candidates: ArrayLike, targets: ArrayLike, *, seed: int = 42, block: int = BLOCK
) -> Indices:
    """Match each target to a candidate of its own with a small sum of Euclidean distances.

    Raises ParameterError: there are more targets than candidates.

    Parameters
    ----------
    candidates, targets
        Finite points (n, k) and (N, k), N up to n.
    seed
        Of the division into blocks.
    block
        Distances that may be in memory at once. With up to so many in all the matching is an
        optimum; else candidates and targets are divided at random into equal blocks, each of
        which is matched to an optimum.

    Returns
    -------
    Indices of N candidates, sorted.
    """
    given, wanted = np.asarray(candidates, np.float64), np.asarray(targets, np.float64)
    _check_enough_candidates(len(given), len(wanted))
    count = max(1, math.ceil(math.sqrt(len(given) * len(wanted) / block)))
    count = max(1, min(count, len(wanted)))
    rng = np.random.default_rng(seed)
    parts = np.array_split(rng.permutation(len(given)), count)
    # the larger parts come first on both sides, so that each has enough candidates
    shares = np.array_split(rng.permutation(len(wanted)), count)
    found = []
    for part, share in zip(parts, shares, strict=True):
        found.append(part[linear_sum_assignment(cdist(wanted[share], given[part]))[1]])
        report_progress(len(found), count, "block")
    return np.sort(np.concatenate(found)).astype(np.int64)


def _check_enough_candidates(candidates: int, targets: int) -> None:
    if targets > candidates:
        raise ParameterError(
            f"{targets:,} different points were asked for of {candidates:,}; ask for fewer"
        )


def _index_of_nearest(points: NDArray[np.float64], target: float) -> int:
    """Return the last of the nearest points that come first from the left."""
    right = int(np.searchsorted(points, target))
    if right == len(points):
        return right - 1
    if right and target - points[right - 1] <= points[right] - target:
        return right - 1
    return right


def _cost_of_extending_right(points: NDArray[np.float64], target: float, last: int) -> float:
    """Return what it costs to take the candidate behind the last."""
    return float(abs(points[last + 1] - target))


def _cost_of_shifting_left(
    points: NDArray[np.float64], targets: NDArray[np.float64], first: int
) -> float:
    """Return what it costs more if the run of all but the last target moves one to the left."""
    moved = np.abs(points[first - 1 : first - 1 + len(targets)] - targets).sum()
    stays = np.abs(points[first : first + len(targets) - 1] - targets[:-1]).sum()
    return float(moved - stays)
