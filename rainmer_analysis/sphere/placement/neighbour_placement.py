"""Rows between their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import angle_between, nearest_neighbours_of_queries
from rainmer_analysis.sphere.umap_s2 import AttractionCurve, membership_weights

__all__ = ["Placement", "place_by_neighbours"]

Floats = npt.NDArray[np.float64]

# Rows nearer than this (radians) are the same but for the rounding of float32 vectors.
_SAME = 1e-6
_STEPS = 30


@dataclass(frozen=True, eq=False)
class Placement:
    """Positions of new rows on a map.

    Parameters
    ----------
    points
        Shape (m, 3), unit rows.
    scatter
        Shape (m,), radians: the weighted mean distance of a row's neighbours from its place.
    """

    points: Floats
    scatter: Floats


def place_by_neighbours(
    rows: Floats, known: Floats, points: Floats, *, neighbors: int, curve: AttractionCurve
) -> Placement:
    """Place rows on a map by their neighbours among its rows, which stay where they are.

    A neighbour weighs what the fuzzy graph would give it. From the neighbour that most of this
    weight lies about, the place moves to the weighted mean of the neighbours near it, again and
    again (mean shift under the layout's own curve), so that a row whose neighbours lie in two
    groups is placed in one of them and not in the void between. A row that the map holds already
    shares that row's place.

    Parameters
    ----------
    rows
        Shape (m, d), unit rows.
    known, points
        Shapes (n, d) and (n, 3): the map's unit rows and their places.
    neighbors
        How many neighbours to ask; fewer where the map has fewer rows.
    curve
        The curve, and the radius of the sphere.
    """
    near = nearest_neighbours_of_queries(rows, known, min(neighbors, len(known)))
    weights = membership_weights(near)
    around = points[near.indices]
    found = around[np.arange(len(rows)), _index_of_densest_neighbour(around, weights, curve)]
    for _ in range(_STEPS):
        pulls = weights * _attraction_at_angles(angle_between(around, found[:, None]), curve)
        means = np.einsum("mk,mkd->md", pulls, around)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        found = np.where(lengths > 1e-12, means / np.maximum(lengths, 1e-12), found)
    same = near.distances[:, 0] < _SAME
    found[same] = around[same, 0]
    far = angle_between(around, found[:, None])
    return Placement(found, np.einsum("mk,mk->m", weights, far) / weights.sum(axis=1))


def _index_of_densest_neighbour(
    around: Floats, weights: Floats, curve: AttractionCurve
) -> npt.NDArray[np.int64]:
    """Return the neighbour about which the others' weights lie densest, of each row."""
    best = np.zeros(len(around), dtype=np.int64)
    for row, (points, weight) in enumerate(zip(around, weights, strict=True)):
        apart = np.arccos(np.clip(points @ points.T, -1, 1))
        best[row] = np.argmax(np.round(_attraction_at_angles(apart, curve) @ weight, 9))
    return best


def _attraction_at_angles(angles: Floats, curve: AttractionCurve) -> Floats:
    return np.asarray(1 / (1 + curve.a * (curve.radius * angles) ** (2 * curve.b)))
