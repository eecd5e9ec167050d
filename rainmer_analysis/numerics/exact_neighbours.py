"""Exact nearest neighbours on the sphere of any dimension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics.unit_vectors import angle_between, unit_rows

__all__ = ["Neighbours", "nearest_neighbours", "nearest_neighbours_of_queries"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Cells of one block of cosines: 4 million float64 are 32 MB.
_CELLS = 1 << 22
# Cosines are compared after rounding, so that ties (duplicated images) fall to the lower index on
# every machine and for every block size; angles of 1e-6 rad and more remain apart.
_DECIMALS = 12


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k nearest rows of each row, nearest first.

    Parameters
    ----------
    indices
        Shape (n, k), int64; -1 where fewer than k rows were eligible.
    distances
        Shape (n, k), float64, great-circle distances in radians; NaN where the index is -1.
    """

    indices: Ints
    distances: Floats


def nearest_neighbours(
    vectors: npt.ArrayLike, k: int, *, groups: npt.ArrayLike | None = None
) -> Neighbours:
    """Find each row's k nearest other rows, exactly.

    Raises ParameterError: `k` is below 1, or `groups` do not fit.

    Parameters
    ----------
    vectors
        Shape (n, d), rows of any positive length; only directions count.
    k
        How many, at least 1.
    groups
        Shape (n,): rows of the same group are no neighbours of each other. By default every row is
        its own group.

    Returns
    -------
    Neighbours
        Equal distances fall to the lower index.
    """
    unit = unit_rows(vectors)
    total = len(unit)
    if k < 1:
        raise ParameterError(f"{k} neighbours were asked for; ask for at least 1")
    labels = np.arange(total) if groups is None else np.asarray(groups)
    if labels.shape != (total,):
        raise ParameterError(
            f"groups of shape {labels.shape} do not fit {total} vectors; give one group per vector"
        )
    return _search_blockwise(unit, unit, k, np.unique(labels, return_inverse=True)[1])


def nearest_neighbours_of_queries(
    queries: npt.ArrayLike, vectors: npt.ArrayLike, k: int
) -> Neighbours:
    """Find the k rows of `vectors` that are nearest to each query, exactly.

    Raises ParameterError: widths differ, or `k` is not allowed.

    Parameters
    ----------
    queries, vectors
        Shapes (m, d) and (n, d), rows of any positive length; only directions count.
    k
        How many, from 1 to n.

    Returns
    -------
    Neighbours
        Of shape (m, k); equal distances fall to the lower index.
    """
    asked, unit = unit_rows(queries), unit_rows(vectors)
    if asked.shape[1] != unit.shape[1]:
        raise ParameterError(
            f"queries have {asked.shape[1]} dimensions and vectors {unit.shape[1]}; "
            "give both from the same space"
        )
    if not 1 <= k <= len(unit):
        raise ParameterError(f"{k} neighbours among {len(unit)} vectors were asked for")
    return _search_blockwise(asked, unit, k)


def _search_blockwise(
    queries: Floats, unit: Floats, k: int, own_groups: Ints | None = None
) -> Neighbours:
    """Find each query's k nearest rows; of grouped rows, those outside of their own groups."""
    indices = np.full((len(queries), k), -1, dtype=np.int64)
    distances = np.full((len(queries), k), np.nan)
    width = min(k, len(unit))
    height = max(1, _CELLS // max(len(unit), 1))
    for start in range(0, len(queries), height):
        rows = slice(start, min(start + height, len(queries)))
        cosines = queries[rows] @ unit.T
        np.round(cosines, _DECIMALS, out=cosines)
        if own_groups is not None:
            cosines[own_groups[rows, None] == own_groups[None, :]] = -np.inf
        chosen = _columns_of_k_largest(cosines, width)
        angles = _angles_to_chosen_rows(queries[rows], chosen, unit)
        angles[np.take_along_axis(cosines, chosen, axis=1) == -np.inf] = np.inf
        order = np.argsort(angles, axis=1, kind="stable")
        found = np.take_along_axis(angles, order, axis=1)
        missing = np.isinf(found)
        indices[rows, :width] = np.where(missing, -1, np.take_along_axis(chosen, order, axis=1))
        distances[rows, :width] = np.where(missing, np.nan, found)
    return Neighbours(indices, distances)


def _columns_of_k_largest(values: Floats, k: int) -> Ints:
    """Return the columns of the k largest values of each row in ascending order of column.

    Of equal values at the border the lower columns are taken, which `argpartition` does not
    promise.
    """
    border = -np.partition(-values, k - 1, axis=1)[:, k - 1 : k]
    above = values > border
    equal = values == border
    room = k - above.sum(axis=1, keepdims=True)
    taken = above | (equal & (np.cumsum(equal, axis=1) <= room))
    return np.nonzero(taken)[1].reshape(len(values), k).astype(np.int64)


def _angles_to_chosen_rows(queries: Floats, chosen: Ints, unit: Floats) -> Floats:
    """Return the angle of each query with the rows chosen for it, a few rows at a time."""
    angles = np.empty(chosen.shape)
    step = max(1, _CELLS // max(1, chosen.shape[1] * unit.shape[1]))
    for start in range(0, len(chosen), step):
        part = slice(start, start + step)
        angles[part] = angle_between(queries[part, None, :], unit[chosen[part]])
    return angles
