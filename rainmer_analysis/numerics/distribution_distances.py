"""Distances of two distributions of numbers or points, and quantiles, with weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import report_progress

__all__ = ["energy_distance", "equal_mixture", "ks_statistic", "wasserstein1", "weighted_quantiles"]

_BLOCK = 1 << 22  # distances in memory at once

Weighted = tuple[NDArray[np.float64], NDArray[np.float64]]


def equal_mixture(samples: list[NDArray[np.float64]]) -> Weighted:
    """Return the mixture of samples in which each sample has the same weight.

    Parameters
    ----------
    samples
        Arrays of shape (n_i,) or (n_i, k), each with at least one row.

    Returns
    -------
    All values, one sample behind the other, and their weights (n,), which sum to 1.
    """
    if not samples or any(len(each) == 0 for each in samples):
        raise ParameterError("a mixture was asked for of no values; give samples that hold some")
    share = 1.0 / len(samples)
    weights = np.concatenate([np.full(len(each), share / len(each)) for each in samples])
    return np.concatenate(samples), weights


def energy_distance(
    first: ArrayLike, second: ArrayLike, *, second_weights: ArrayLike | None = None
) -> float:
    """Return the energy distance of two samples of points, as whole distributions.

    It is 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo, 2013), each point also with itself.

    Parameters
    ----------
    first, second
        Shape (n, k) and (m, k).
    second_weights
        Shape (m,); by default all alike.
    """
    one, other = (np.asarray(each, np.float64) for each in (first, second))
    own = np.full(len(one), 1 / len(one))
    given = np.ones(len(other)) if second_weights is None else np.asarray(second_weights)
    theirs = given / given.sum()
    across = _weighted_mean_distance((one, own), (other, theirs))
    within = _weighted_mean_distance((one, own), (one, own)) + _weighted_mean_distance(
        (other, theirs), (other, theirs)
    )
    return max(0.0, 2 * across - within)


def _weighted_mean_distance(one: Weighted, other: Weighted) -> float:
    rows = max(1, _BLOCK // len(other[0]))
    total = 0.0
    for at in range(0, len(one[0]), rows):
        within = slice(at, at + rows)
        total += float(one[1][within] @ cdist(one[0][within], other[0]) @ other[1])
        report_progress(min(at + rows, len(one[0])), len(one[0]), "row")
    return total


def wasserstein1(
    first: ArrayLike, second: ArrayLike, *, second_weights: ArrayLike | None = None
) -> float:
    """Return the Wasserstein-1 distance of two samples, in the unit of their values.

    It is the area between the two cumulative distribution functions.
    """
    return float(wasserstein_distance(first, second, None, second_weights))


def ks_statistic(
    first: ArrayLike, second: ArrayLike, *, second_weights: ArrayLike | None = None
) -> float:
    """Return the largest difference of two cumulative distribution functions, 0 to 1."""
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    grid = np.concatenate([one, other])
    difference = _weighted_ecdf(one, None, grid) - _weighted_ecdf(other, second_weights, grid)
    return float(np.abs(difference).max())


def weighted_quantiles(
    values: ArrayLike, weights: ArrayLike, levels: ArrayLike
) -> NDArray[np.float64]:
    """Return the smallest values at which the cumulative weight reaches the levels in (0, 1)."""
    given = np.asarray(values, np.float64)
    order = np.argsort(given, kind="stable")
    steps = np.cumsum(np.asarray(weights, np.float64)[order])
    # sums of weights end a few units of rounding off their level
    at = np.searchsorted(steps, np.asarray(levels) * steps[-1] - 1e-12 * steps[-1])
    found: NDArray[np.float64] = given[order][np.minimum(at, len(given) - 1)]
    return found


def _weighted_ecdf(
    values: NDArray[np.float64], weights: ArrayLike | None, grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    order = np.argsort(values, kind="stable")
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)[order]
    steps = np.concatenate([[0.0], np.cumsum(mass)])
    found: NDArray[np.float64] = (
        steps[np.searchsorted(values[order], grid, side="right")] / steps[-1]
    )
    return found
