"""What a map shows of each dataset: a description, not an inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values.immutable.frozen import FrozenDict, Value, frozen

__all__ = ["DatasetOnMap", "MapSummary"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DatasetOnMap(Value):
    """Where one dataset lies on a map.

    Parameters
    ----------
    name
        The dataset.
    count
        Images.
    mean
        Shape (3,), the mean direction, a unit vector.
    spread
        Degrees: the circular standard deviation sqrt(-2 ln R) of the mean resultant length R, at
        most 180.
    contours
        For each share (0.5, 0.95), the outline of the smallest region that holds so much of the
        dataset's estimated density: lines on the sphere, unit vectors, shape (m, 3) each. A line
        that meets longitude 180 ends there and goes on in another.
    """

    name: str
    count: int
    mean: Floats
    spread: float
    contours: Mapping[float, tuple[Floats, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", frozen(self.mean))
        object.__setattr__(self, "contours", FrozenDict(self.contours))

    @property
    def lon(self) -> float:
        """Longitude of the mean direction in degrees."""
        return float(np.degrees(np.arctan2(self.mean[1], self.mean[0])))

    @property
    def lat(self) -> float:
        """Latitude of the mean direction in degrees."""
        return float(np.degrees(np.arcsin(np.clip(self.mean[2], -1, 1))))


@dataclass(frozen=True, eq=False)
class MapSummary(Value):
    """The datasets of a map and how far apart their mean directions lie.

    Descriptive: layouts bend distances, so that what datasets have to do with each other is asked
    in the space of the embeddings, by scores.

    Parameters
    ----------
    datasets
        In the map's order.
    distances
        Shape (k, k), degrees along great circles between mean directions.
    map_sha256
        Content of the map that is described.
    """

    datasets: tuple[DatasetOnMap, ...]
    distances: Floats
    map_sha256: str

    def __post_init__(self) -> None:
        shape = (len(self.datasets), len(self.datasets))
        if self.distances.shape != shape:
            raise ParameterError(
                f"distances of shape {self.distances.shape} do not fit {shape[0]} datasets"
            )
        object.__setattr__(self, "distances", frozen(self.distances))

    def document(self) -> dict[str, Any]:
        """Return everything but the contours as JSON can hold it, degrees throughout."""
        return {
            "note": "descriptive: inference happens in the embedding space",
            "datasets": {
                each.name: {
                    "count": each.count,
                    "mean_lon": each.lon,
                    "mean_lat": each.lat,
                    "spread_degrees": each.spread,
                }
                for each in self.datasets
            },
            "distances_degrees": self.distances.tolist(),
        }
