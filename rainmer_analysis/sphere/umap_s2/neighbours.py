"""Nearest rows, fast: exact where that is affordable."""

from __future__ import annotations

import importlib

import numba
import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import Neighbours
from rainmer_analysis.sphere.umap_s2.compiled import compiled

__all__ = ["EXACT_ROWS", "near_rows"]

# Up to here all pairs are looked at: about 20 s on two cores for 64 dimensions.
EXACT_ROWS = 100_000
# Cells of one block of cosines: 16 million float32 are 64 MB.
_CELLS = 1 << 24
# Rows nearer than this are the same but for the rounding of float32 vectors; radians.
_SAME = 1e-6


def near_rows(unit: npt.NDArray[np.float64], k: int, *, seed: int = 42) -> Neighbours:
    """Find each row's k nearest other rows.

    Exact up to `EXACT_ROWS` rows: float32 cosines choose everyone who may be among the nearest,
    with the error of their rounding as the margin, and float64 angles decide, so that the outcome
    depends neither on the number of threads nor on how a product was summed. More rows go through
    pynndescent, seeded and in one thread, which misses a few neighbours.

    Parameters
    ----------
    unit
        Shape (n, d), float64 unit rows.
    k
        How many, from 1 to n - 1.
    seed
        Of pynndescent.

    Returns
    -------
    Neighbours
        Nearest first; angles under 1e-6 are given as 0.
    """
    rows = np.ascontiguousarray(unit)
    indices, distances = _exact(rows, k) if len(rows) <= EXACT_ROWS else _descent(rows, k, seed)
    distances[distances < _SAME] = 0.0
    return Neighbours(indices, distances)


def _exact(
    unit: npt.NDArray[np.float64], k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    total, dim = unit.shape
    indices, distances = np.empty((total, k), dtype=np.int64), np.empty((total, k))
    single = unit.astype(np.float32)
    # bounds the error of a float32 dot product of unit rows, whatever the order of its sum
    margin = np.float32(2 * (dim + 4) * 2.0**-24)
    height = max(1, _CELLS // total)
    for first in range(0, total, height):
        cosines = single[first : first + height] @ single.T
        _choose(unit, cosines, first, margin, indices, distances)
    return indices, distances


@compiled(parallel=True)
def _choose(unit, cosines, first, margin, indices, distances):  # type: ignore[no-untyped-def]
    """Fill the nearest rows of a block whose first row has the number `first`."""
    height, total = cosines.shape
    k, dim = indices.shape[1], unit.shape[1]
    for row in numba.prange(height):
        own = first + row
        cosines[row, own] = -np.float32(np.inf)
        border = _kth_largest(cosines[row], k) - margin
        nearest, squares = indices[own], distances[own]
        filled = 0
        for other in range(total):
            if cosines[row, other] < border or other == own:
                continue
            square = 0.0
            for axis in range(dim):
                step = unit[own, axis] - unit[other, axis]
                square += step * step
            if filled == k and square >= squares[k - 1]:
                continue
            place = min(filled, k - 1)
            while place > 0 and squares[place - 1] > square:
                squares[place], nearest[place] = squares[place - 1], nearest[place - 1]
                place -= 1
            squares[place], nearest[place] = square, other
            filled = min(filled + 1, k)
        for place in range(k):
            half = 0.5 * np.sqrt(squares[place])
            squares[place] = 2.0 * np.arctan2(half, np.sqrt(max(1.0 - half * half, 0.0)))


@compiled()
def _kth_largest(values, k):  # type: ignore[no-untyped-def]
    """Give the k-th largest value, by a heap of the k largest so far."""
    heap = np.full(k, -np.float32(np.inf), dtype=np.float32)
    for value in values:
        if value <= heap[0]:
            continue
        place = 0
        while True:
            child = 2 * place + 1
            if child >= k:
                break
            if child + 1 < k and heap[child + 1] < heap[child]:
                child += 1
            if heap[child] >= value:
                break
            heap[place] = heap[child]
            place = child
        heap[place] = value
    return heap[0]


def _descent(
    unit: npt.NDArray[np.float64], k: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    # compiles for seconds on import, which few tables need
    pynndescent = importlib.import_module("pynndescent")
    index = pynndescent.NNDescent(
        unit.astype(np.float32),
        metric="euclidean",
        n_neighbors=k + 1,
        random_state=seed % 2**31,
        n_jobs=1,  # its draws depend on the number of threads
        low_memory=True,
        max_candidates=60,
    )
    found, chords = index.neighbor_graph
    own = found == np.arange(len(unit))[:, None]
    # a row that is missing among its own neighbours gives its place to the furthest
    own[~own.any(axis=1), -1] = True
    shape = (len(unit), k)
    angles = 2 * np.arcsin(np.clip(chords[~own] / 2, 0, 1))
    return found[~own].reshape(shape).astype(np.int64), angles.reshape(shape).astype(np.float64)
