"""All unit vectors within a cosine of a query, through inverted lists."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["RadiusMatches", "RadiusSearch"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_EXACT_UP_TO = 16384  # the products of all with all take seconds
_QUERIES_AT_ONCE = 2048  # against one cell: 128 MB of cosines at most while the search is exact
_ROUNDS = 8
_PROBES = 32  # cells that a query looks into
_TRAINED_ON = 32  # points a cell


class RadiusMatches(NamedTuple):
    """Pairs of query and point, sorted by query, then point, with their cosines."""

    queries: Ints
    points: Ints
    cosines: Floats


class RadiusSearch:
    """Points in cells around centres; a query looks into the cells whose centres are nearest.

    Up to 16,384 points are one cell, and every answer is exact. Beyond that there are about twice
    the root of n cells, so that a query costs O(sqrt(n)) instead of O(n), and a match may be missed
    whose cell is not among those looked into (Jegou, Douze and Schmid, Product quantization for
    nearest neighbor search, IEEE TPAMI 33, 2011: the inverted lists without the quantised codes).

    Parameters
    ----------
    points
        Unit rows, shape (n, d).
    seed
        Seed of the centres.
    """

    def __init__(self, points: npt.ArrayLike, *, seed: int = 42) -> None:
        self._points = np.ascontiguousarray(points, dtype=np.float32)
        count = len(self._points)
        cells = 1 if count <= _EXACT_UP_TO else int(2 * np.sqrt(count))
        self._centres = _spherical_kmeans_centres(self._points, cells, np.random.default_rng(seed))
        own = _nearest_centre_indices(self._points, self._centres, 1)[:, 0]
        order = np.argsort(own, kind="stable")
        self._members = np.split(order, np.searchsorted(own[order], np.arange(1, cells)))
        self._probes = min(_PROBES, cells)

    def within(self, queries: npt.ArrayLike, cosine: float) -> RadiusMatches:
        """Return the points whose cosine with a query is at least `cosine`.

        Parameters
        ----------
        queries
            Unit rows, shape (m, d).
        cosine
            The least cosine.
        """
        rows = np.ascontiguousarray(queries, dtype=np.float32)
        probed = _nearest_centre_indices(rows, self._centres, self._probes)
        found: list[tuple[Ints, Ints, Floats]] = []
        for cell, members in enumerate(self._members):
            asking = np.flatnonzero((probed == cell).any(axis=1)) if len(members) else members
            if not len(asking):
                continue
            points = self._points[members]
            for start in range(0, len(asking), _QUERIES_AT_ONCE):
                part = asking[start : start + _QUERIES_AT_ONCE]
                cosines = rows[part] @ points.T
                hit, which = np.nonzero(cosines >= cosine)
                found.append((part[hit], members[which], cosines[hit, which]))
        parts = zip(*found, strict=True) if found else ([], [], [])
        queries_, points_, cosines_ = (
            np.concatenate([*part, np.empty(0, kind)])
            for part, kind in zip(parts, (np.int64, np.int64, np.float32), strict=True)
        )
        order = np.lexsort((points_, queries_))
        return RadiusMatches(queries_[order], points_[order], cosines_[order])


def _spherical_kmeans_centres(points: Floats, cells: int, generator: np.random.Generator) -> Floats:
    """Return spherical k-means of a sample of the points."""
    if cells == 1:
        return np.zeros((1, points.shape[1] if points.ndim == 2 else 1), dtype=np.float32)
    sample = points[generator.permutation(len(points))[: _TRAINED_ON * cells]]
    centres = sample[:cells].copy()
    for _ in range(_ROUNDS):
        own = _nearest_centre_indices(sample, centres, 1)[:, 0]
        sums = np.zeros_like(centres)
        np.add.at(sums, own, sample)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    return centres


def _nearest_centre_indices(rows: Floats, centres: Floats, count: int) -> Ints:
    """Return the indices of the nearest centres, shape (m, count), in no particular order."""
    if len(centres) == 1:
        return np.zeros((len(rows), 1), dtype=np.int64)
    found = [
        np.argpartition(-(rows[start : start + 4096] @ centres.T), count - 1, axis=1)[:, :count]
        for start in range(0, len(rows), 4096)
    ]
    return np.concatenate(found) if found else np.zeros((0, count), dtype=np.int64)
