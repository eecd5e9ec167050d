"""Images that lie unusually far from the other scenes of their own dataset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.numerics import nearest_neighbours
from rainmer_analysis.values import EmbeddingTable

__all__ = ["FENCE", "FEWEST_IMAGES", "OUTLIER_NEIGHBOURS", "FarImage", "find_outliers"]

OUTLIER_NEIGHBOURS = 5
FENCE = 1.5
FEWEST_IMAGES = 12
"""Of a smaller dataset no image is judged."""


@dataclass(frozen=True)
class FarImage:
    """An image beyond its dataset's fence.

    Parameters
    ----------
    index
        Its row.
    distance
        Mean great-circle distance to its nearest images of other scenes of its dataset, degrees.
    typical
        The median of that over the dataset, degrees.
    excess
        How far it lies beyond the fence, in interquartile ranges.
    """

    index: int
    distance: float
    typical: float
    excess: float


def find_outliers(table: EmbeddingTable) -> list[FarImage]:
    """Find images far from their own dataset, the farthest beyond their fence first.

    The distance of an image is the mean of those to its 5 nearest images of other scenes of its
    dataset (Ramaswamy, Rastogi and Shim, SIGMOD 2000); the fence lies 1.5 interquartile ranges
    above the third quartile of the dataset's distances (Tukey 1977).
    """
    codes, groups = table.rows.codes, table.rows.column("group")
    found = []
    for code in range(len(table.rows.datasets)):
        own = np.flatnonzero(codes == code)
        if len(own) < FEWEST_IMAGES or len(set(groups[own])) <= OUTLIER_NEIGHBOURS:
            continue
        near = nearest_neighbours(table.vectors[own], OUTLIER_NEIGHBOURS, groups=groups[own])
        distances = np.degrees(near.distances.mean(axis=1))
        low, middle, high = np.quantile(distances, [0.25, 0.5, 0.75])
        width = max(high - low, 1e-9)
        for place in np.flatnonzero(distances > high + FENCE * width):
            excess = (distances[place] - high) / width - FENCE
            found.append(
                FarImage(int(own[place]), float(distances[place]), float(middle), float(excess))
            )
    return sorted(found, key=lambda each: (-each.excess, each.index))
