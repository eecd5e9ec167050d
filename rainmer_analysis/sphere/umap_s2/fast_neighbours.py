"""Nearest rows, fast: exact where that is affordable."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from rainmer_analysis.numerics import Neighbours
from rainmer_analysis.sphere.umap_s2.numba_cache import import_with_numba_cache, njit_cached
from rainmer_analysis.sphere.umap_s2.threading_layer import allow_parallel_loops
from rainmer_analysis.values import report_progress

__all__ = ["EXACT_ROWS", "nearest_rows"]

# Up to here all pairs are looked at.
EXACT_ROWS = 1_000_000
# Rows of a block, and the least number of pairs of blocks that shares work out to threads.
_BLOCK = 2048
_FEWEST_PAIRS = 4
# A tile of float32 cosines stays in the second cache: 1 MB. A stretch of it is dismissed at once.
_TILE_ROWS = 256
_TILE_COLUMNS = 1024
_STRIDE = 64
# Rows nearer than this are the same but for the rounding of float32 vectors; radians.
_SAME = 1e-6

Blocks = npt.NDArray[np.int64]


def nearest_rows(unit: npt.NDArray[np.float64], k: int, *, seed: int = 42) -> Neighbours:
    """Find each row's k nearest other rows.

    Exact up to `EXACT_ROWS` rows: float32 cosines choose everyone who may be among the nearest,
    with the error of their rounding as the margin, and float64 angles decide, so that the outcome
    depends neither on the number of threads nor on how a product was summed. Each pair is looked at
    once, for both. Time grows with the square of the rows, memory with the rows.

    More rows go through pynndescent, seeded and in one thread: its draws depend on the number of
    threads. It misses neighbours, a fifth of them where 64 dimensions hold mostly noise.

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
    indices, distances = (
        _exact_neighbours(rows, k) if len(rows) <= EXACT_ROWS else _nn_descent(rows, k, seed)
    )
    distances[distances < _SAME] = 0.0
    return Neighbours(indices, distances)


def _exact_neighbours(
    unit: npt.NDArray[np.float64], k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    total, dim = unit.shape
    single = unit.astype(np.float32)
    indices = np.full((total, k), -1, dtype=np.int64)
    squares = np.full((total, k), np.inf)
    # the least float32 cosine that may still be among a row's nearest
    borders = np.full(total, -np.inf, dtype=np.float32)
    # bounds the error of a float32 dot product of unit rows, whatever the order of its sum
    margin = 2 * (dim + 4) * 2.0**-24
    edges = np.linspace(0, total, 2 * _number_of_block_pairs(total) + 1).astype(np.int64)
    with threadpool_limits(1, user_api="blas"):  # each thread multiplies its own tiles
        blocks = len(edges) - 1
        for met, (firsts, seconds) in enumerate(_round_robin_pairings(blocks), start=1):
            _search_block_pairs(
                unit, single, edges, firsts, seconds, margin, borders, indices, squares
            )
            report_progress(met, blocks, "round")
    half = 0.5 * np.sqrt(squares)
    return indices, 2.0 * np.arctan2(half, np.sqrt(np.maximum(1.0 - half * half, 0.0)))


def _number_of_block_pairs(total: int) -> int:
    return max(_FEWEST_PAIRS if total > _TILE_COLUMNS else 1, -(-total // (2 * _BLOCK)))


def _round_robin_pairings(blocks: int) -> Iterator[tuple[Blocks, Blocks]]:
    """Let every block meet itself, then each other once; blocks is even.

    Within a round no block occurs twice (a round-robin tournament by the circle method), so that
    the meetings of a round can be held at once, and each may write to both its blocks.
    """
    own = np.arange(blocks)
    yield own, own
    for turn in range(blocks - 1):
        circle = np.concatenate([[0], 1 + (np.arange(blocks - 1) + turn) % (blocks - 1)])
        yield circle[: blocks // 2], circle[: blocks // 2 - 1 : -1]


@njit_cached(parallel=True)
def _search_block_pairs(unit, single, edges, firsts, seconds, margin, borders, indices, squares):  # type: ignore[no-untyped-def]
    """Hold the meetings of one round."""
    for meeting in numba.prange(len(firsts)):
        one, other = firsts[meeting], seconds[meeting]
        cells = np.empty(_TILE_ROWS * _TILE_COLUMNS, dtype=np.float32)
        for row in range(edges[one], edges[one + 1], _TILE_ROWS):
            rows = (row, min(row + _TILE_ROWS, edges[one + 1]))
            for column in range(edges[other], edges[other + 1], _TILE_COLUMNS):
                columns = (column, min(column + _TILE_COLUMNS, edges[other + 1]))
                size = (rows[1] - rows[0]) * (columns[1] - columns[0])
                tile = cells[:size].reshape((rows[1] - rows[0], columns[1] - columns[0]))
                np.dot(single[rows[0] : rows[1]], single[columns[0] : columns[1]].T, tile)
                _scan_tile(
                    unit, tile, rows[0], columns[0], one != other, margin, borders, indices, squares
                )


@njit_cached()
def _scan_tile(unit, tile, row, column, both, margin, borders, indices, squares):  # type: ignore[no-untyped-def]
    """Offer whoever may be near to the rows of a tile, and in turn, if `both`, to its columns."""
    height, width = tile.shape
    closed = np.full(width, np.float32(np.inf))
    others = borders[column : column + width] if both else closed
    for i in range(height):
        own = row + i
        for first in range(0, width, _STRIDE):
            last = min(first + _STRIDE, width)
            if not _any_above_bound(tile[i, first:last], borders[own], others[first:last]):
                continue
            for j in range(first, last):
                cosine, other = tile[i, j], column + j
                near, wanted = cosine >= borders[own], both and cosine >= others[j]
                if own == other or not (near or wanted):
                    continue
                square = _squared_chord(unit[own], unit[other])
                if near:
                    _insert_neighbour(own, other, square, margin, borders, indices, squares)
                if wanted:
                    _insert_neighbour(other, own, square, margin, borders, indices, squares)


@njit_cached()
def _any_above_bound(cosines, border, borders):  # type: ignore[no-untyped-def]
    hits = np.int32(0)
    for place in range(len(cosines)):
        hits += np.int32((cosines[place] >= border) | (cosines[place] >= borders[place]))
    return hits > 0


@njit_cached()
def _squared_chord(one, other):  # type: ignore[no-untyped-def]
    """Return the squared chord, the same for both orders."""
    square = 0.0
    for axis in range(len(one)):
        step = one[axis] - other[axis]
        square += step * step
    return square


@njit_cached()
def _insert_neighbour(own, other, square, margin, borders, indices, squares):  # type: ignore[no-untyped-def]
    """Take another row among the nearest if it is nearer, or as near with a lower number."""
    found, apart = indices[own], squares[own]
    place = len(found) - 1
    if square > apart[place] or (square == apart[place] and other > found[place]):
        return
    while place > 0 and (
        apart[place - 1] > square or (apart[place - 1] == square and found[place - 1] > other)
    ):
        apart[place], found[place] = apart[place - 1], found[place - 1]
        place -= 1
    apart[place], found[place] = square, other
    borders[own] = np.float32(1.0 - 0.5 * apart[-1] - margin)


def _nn_descent(
    unit: npt.NDArray[np.float64], k: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    # compiles for seconds on import, which few tables need
    pynndescent = import_with_numba_cache("pynndescent")
    with allow_parallel_loops():
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
