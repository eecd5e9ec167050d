"""How faithful a layout is to the vectors it was made from."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.sphere.umap_s2.numba_cache import njit_cached

__all__ = ["fidelity"]

_NEIGHBOURS = 15
# Rows that are judged, and rows whose distances are ranked: with all pairs, n^2 work each.
_JUDGED = 5000
_SAMPLE = 2000
# Cells of one block of cosines: 4 million float64 are 32 MB; of many rows a few at once.
_CELLS = 1 << 22
_LEAST_HEIGHT = 32
# Stretches of a row that are dismissed at once, and that stay in the first cache.
_STRIDE = 64
_CACHED = 2048

Floats = npt.NDArray[np.float64]


def fidelity(
    vectors: npt.ArrayLike, points: npt.ArrayLike, *, seed: int = 42
) -> dict[str, float | int]:
    """Compare great-circle neighbourhoods and distances of vectors and points.

    ``trustworthiness`` falls when rows are near on the map that are not near in the table, and
    ``continuity`` when rows that are near in the table are torn apart (Venna and Kaski, Neural
    Networks 19, 2006): both are 1 - 2 / (m k (2n - 3k - 1)) times the sum, over m judged rows and
    their k false neighbours, of rank - k, where ranks are among all n rows. All rows are judged,
    or, where there are more, 5,000 that are drawn with `seed`. ``spearman`` is the rank correlation
    of all pairwise distances, of 2,000 rows drawn likewise.

    Raises ParameterError: the numbers of rows differ or are below 3.

    Parameters
    ----------
    vectors, points
        Shapes (n, d) and (n, 3), rows of positive length, n at least 3.

    Returns
    -------
    dict
        ``trustworthiness`` and ``continuity`` in [0, 1], ``spearman`` in [-1, 1] (NaN where all
        distances are equal), ``neighbors``: k, 15 or the most that n rows allow (k < n / 2), and
        ``judged_rows``: m.
    """
    high, low = unit_rows(vectors), unit_rows(points)
    total = len(high)
    if len(low) != total or total < 3:
        raise ParameterError(
            f"{total} vectors and {len(low)} points cannot be compared; "
            "give one point per vector, and at least 3"
        )
    k = min(_NEIGHBOURS, (total - 1) // 2)
    judged = _random_row_numbers(total, _JUDGED, seed)
    false, torn = _rank_penalties(high, low, judged, k)
    scale = 2.0 / (len(judged) * k * (2 * total - 3 * k - 1))
    chosen = _random_row_numbers(total, _SAMPLE, seed)
    return {
        "trustworthiness": 1.0 - scale * false,
        "continuity": 1.0 - scale * torn,
        "spearman": _spearman_of_distances(high[chosen], low[chosen]),
        "neighbors": k,
        "judged_rows": len(judged),
    }


def _random_row_numbers(total: int, most: int, seed: int) -> npt.NDArray[np.int64]:
    if total <= most:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, most, replace=False))


def _rank_penalties(
    high: Floats, low: Floats, judged: npt.NDArray[np.int64], k: int
) -> tuple[int, int]:
    """Sum rank - k over map neighbours that are none in the table, and the other way round."""
    false = torn = 0
    for rows in _row_blocks(judged, len(high)):
        above, below = high[rows] @ high.T, low[rows] @ low.T
        near_high, near_low = (np.empty((len(rows), k), dtype=np.int64) for _ in range(2))
        _fill_nearest(above, rows, near_high)
        _fill_nearest(below, rows, near_low)
        false += int(_sum_excess_ranks(above, near_high, near_low))
        torn += int(_sum_excess_ranks(below, near_low, near_high))
    return false, torn


def _row_blocks(rows: npt.NDArray[np.int64], total: int) -> Iterator[npt.NDArray[np.int64]]:
    height = max(_LEAST_HEIGHT, _CELLS // total)
    for start in range(0, len(rows), height):
        yield rows[start : start + height]


@njit_cached(parallel=True)
def _fill_nearest(cosines, rows, near):  # type: ignore[no-untyped-def]
    """Fill each row's nearest others, the lower of equals first; the row itself becomes last."""
    height, total = cosines.shape
    k = near.shape[1]
    for row in numba.prange(height):
        values, found = cosines[row], near[row]
        values[rows[row]] = -np.inf
        filled = 0
        for first in range(0, total, _STRIDE):
            last = min(first + _STRIDE, total)
            if filled == k and not _count_above(values[first:last], values[found[k - 1]]):
                continue
            for other in range(first, last):
                if filled == k and values[other] <= values[found[k - 1]]:
                    continue
                place = min(filled, k - 1)
                while place > 0 and values[found[place - 1]] < values[other]:
                    found[place] = found[place - 1]
                    place -= 1
                found[place] = other
                filled = min(filled + 1, k)


@njit_cached(parallel=True)
def _sum_excess_ranks(cosines, near, others):  # type: ignore[no-untyped-def]
    """Sum by how much the ranks of these others exceed their number, where they do.

    A rank counts who is nearer, or as near with a lower number; counting a few ranks takes a
    fraction of the time of sorting all. Who is among the nearest exceeds nothing.
    """
    height, total = cosines.shape
    k = near.shape[1]
    excess = 0
    for row in numba.prange(height):
        values = cosines[row]
        ranks = np.zeros(k, dtype=np.int64)
        for first in range(0, total, _CACHED):
            last = min(first + _CACHED, total)
            for place in range(k):
                other = others[row, place]
                if not _contains(near[row], other):
                    middle = min(max(other, first), last)
                    ranks[place] += _count_above(values[middle:last], values[other])
                    ranks[place] += _count_at_least(values[first:middle], values[other])
        for place in range(k):
            excess += max(1 + ranks[place] - k, 0)
    return excess


@njit_cached()
def _count_above(values, bound):  # type: ignore[no-untyped-def]
    count = 0
    for place in range(len(values)):
        count += values[place] > bound
    return count


@njit_cached()
def _count_at_least(values, bound):  # type: ignore[no-untyped-def]
    count = 0
    for place in range(len(values)):
        count += values[place] >= bound
    return count


@njit_cached()
def _contains(found, other):  # type: ignore[no-untyped-def]
    held = False
    for place in range(len(found)):
        held |= found[place] == other
    return held


def _spearman_of_distances(high: Floats, low: Floats) -> float:
    ranks = [_average_ranks(_negative_rounded_cosines(unit)) for unit in (high, low)]
    if any(np.ptp(values) == 0 for values in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _average_ranks(values: Floats) -> Floats:
    """Return ranks from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])


def _negative_rounded_cosines(unit: Floats) -> Floats:
    """Return a number for each pair that grows with their angle; rounded, so that ties are ties."""
    cosines = np.round(unit @ unit.T, 12)
    return -cosines[np.triu_indices(len(unit), k=1)]
