"""Rows laid out on the sphere by UMAP along great circles, and the parameters of a layout."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.sphere.umap_s2 import (
    AttractionCurve,
    canonical_orientation,
    fuzzy_graph,
    nearest_rows,
    optimise_layout,
    spectral_start,
)

__all__ = ["EPOCHS", "Engine", "LayoutParameters", "radius_for_rows", "sphere_layout"]

Floats = npt.NDArray[np.float64]

# More gain little, now that the last of them are exact where that is affordable.
EPOCHS = 250
_SEEDS = 2**32


@dataclass(frozen=True)
class LayoutParameters:
    """Parameters of one layout.

    Parameters
    ----------
    neighbors
        Rows that a row is held near to, at least 2; the row itself is counted.
    min_dist
        Least distance of neighbours in the layout, in [0, 1]; 0 lets them touch.
    seed
        In [0, 2^32).

    Raises
    ------
    ParameterError
        One lies outside of what is allowed.
    """

    neighbors: int = 50
    min_dist: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        if self.neighbors < 2:
            raise ParameterError(
                f"{self.neighbors} neighbors were asked for; a layout needs at least 2, "
                "and 15 to 50 are usual"
            )
        if not (math.isfinite(self.min_dist) and 0 <= self.min_dist <= 1):
            raise ParameterError(
                f"min_dist is {self.min_dist}; give a number from 0 (points may touch) to 1"
            )
        if not 0 <= self.seed < _SEEDS:
            raise ParameterError(f"the seed is {self.seed}; give a whole number from 0 to 2^32 - 1")


# (float64 unit rows (n, d) with n >= 4, LayoutParameters) -> float64 unit rows (n, 3), seeded
Engine = Callable[[npt.NDArray[np.float64], LayoutParameters], npt.NDArray[np.float64]]


def sphere_layout(
    unit: Floats,
    layout: LayoutParameters,
    *,
    radius: float | None = None,
    epochs: int = EPOCHS,
    spread: float = 1.0,
) -> Floats:
    """Lay rows out on the sphere by UMAP along great circles.

    Rows are worked through in the order of the SHA-256 of their content, and equal rows are one
    vertex, so that permuting the rows permutes the places, exactly, and duplicates share a place.

    Parameters
    ----------
    unit
        Shape (n, d), float64 unit rows, n at least 1.
    layout
        Number of neighbours (a row counts among its own), minimum distance and seed.
    radius
        Of the sphere, in the units of `min_dist` and `spread`; `radius_for_rows` by default.
    epochs
        Passes over the graph.
    spread
        Scale of distances in the layout.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3), unit rows, turned to the convention of `canonical_orientation`.
    """
    rows = np.ascontiguousarray(unit) + 0.0  # -0 becomes 0: equal rows have equal bytes
    chosen, places = _distinct_row_numbers_and_places(rows)
    rows = rows[chosen]
    total = len(rows)
    if total == 1:
        return np.tile([1.0, 0.0, 0.0], (len(unit), 1))
    near = nearest_rows(rows, min(layout.neighbors, total) - 1, seed=layout.seed)
    graph = fuzzy_graph(near)
    start = spectral_start(graph, rows, seed=layout.seed)
    size = radius_for_rows(total) * spread if radius is None else radius
    kernel = AttractionCurve.fitted(min_dist=layout.min_dist, spread=spread, radius=size)
    points = optimise_layout(graph, start, kernel, epochs=epochs, seed=layout.seed)
    return canonical_orientation(points)[places]


def radius_for_rows(total: int) -> float:
    """Return the radius that keeps the area for each row about right: 2.5 from 500 rows on.

    Measured on digits, noisy clusters and image embeddings: on a larger sphere continuity falls,
    since it turns into a plane, which tears; on a smaller one trustworthiness falls, since it is
    crowded. Tables of 200 rows are best at 2.
    """
    return float(2.5 * min(1.0, (total / 500) ** 0.25))


def _distinct_row_numbers_and_places(
    rows: Floats,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return one row of each content, in the order of their hashes, and each row's place there."""
    digests = [hashlib.sha256(row.data).digest() for row in rows]
    order = {digest: place for place, digest in enumerate(sorted(set(digests)))}
    places = np.fromiter((order[digest] for digest in digests), dtype=np.int64, count=len(rows))
    return np.unique(places, return_index=True)[1], places
