"""A map described, dataset by dataset."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from skimage.measure import find_contours

from rainmer_analysis.numerics import angle_between, unit_rows
from rainmer_analysis.values import DatasetOnMap, MapSummary, SphereMap

__all__ = ["summarise_map"]

Floats = npt.NDArray[np.float64]

_SHARES = (0.5, 0.95)
# Points of the grid of densities, in degrees, and the bandwidths that it can show.
_STEP = 2.0
_NARROWEST, _WIDEST = np.radians(3.0), np.radians(10.0)
# Cells of one block of densities: 4 million float64 are 32 MB.
_CELLS = 1 << 22


def summarise_map(map_: SphereMap) -> MapSummary:
    """Describe where each dataset lies: mean direction, spread, contours of density, distances.

    Densities are sums of von Mises-Fisher kernels, one an image, whose width is half of what the
    normal rule gives (spread times n^(-1/6)), since datasets fall into groups, but from 3 to 10
    degrees. The contour of a share p is drawn where the density has the value that a share p of the
    dataset's own images exceeds (Hyndman 1996).

    Parameters
    ----------
    map_
        At least one image.
    """
    points, codes = unit_rows(map_.points), map_.rows.codes
    found = tuple(
        _summarise_dataset(name, points[codes == code])
        for code, name in enumerate(map_.rows.datasets)
    )
    means = np.stack([each.mean for each in found])
    distances = np.degrees(angle_between(means[:, None], means[None]))
    return MapSummary(found, distances, map_.content_sha256)


def _summarise_dataset(name: str, points: Floats) -> DatasetOnMap:
    mean = points.mean(axis=0)
    length = float(np.clip(np.linalg.norm(mean), 1e-12, 1.0))
    spread = min(np.sqrt(-2 * np.log(length)), np.pi)
    # the spread is of both axes together, the kernel's of one (and half of the normal rule's)
    width = np.clip(spread / np.sqrt(8) * len(points) ** (-1 / 6), _NARROWEST, _WIDEST)
    # images in exact opposition have no mean direction; the first serves
    direction = mean / length if length > 1e-9 else points[0]
    return DatasetOnMap(
        name,
        len(points),
        direction,
        float(np.degrees(spread)),
        _density_contours(points, 1 / width**2),
    )


def _density_contours(points: Floats, kappa: float) -> dict[float, tuple[Floats, ...]]:
    lat = np.arange(-90, 90 + _STEP, _STEP)
    lon = np.arange(-180, 180 + _STEP, _STEP)
    grid = _unit_vectors_of(*np.meshgrid(lon, lat))
    density = _kernel_density(grid.reshape(-1, 3), points, kappa).reshape(grid.shape[:2])
    own = np.sort(_kernel_density(points, points, kappa))
    found = {}
    for share in _SHARES:
        level = own[int((1 - share) * len(own))]
        # just below, so that a level which is the maximum (one image) still has an outline
        lines = find_contours(density, min(level, 0.98 * density.max()))
        found[share] = tuple(
            _unit_vectors_of(_STEP * line[:, 1] - 180, _STEP * line[:, 0] - 90) for line in lines
        )
    return found


def _kernel_density(at: Floats, points: Floats, kappa: float) -> Floats:
    density = np.empty(len(at))
    height = max(1, _CELLS // len(points))
    for start in range(0, len(at), height):
        rows = slice(start, start + height)
        density[rows] = np.exp(kappa * (at[rows] @ points.T - 1)).mean(axis=1)
    return density


def _unit_vectors_of(lon: Floats, lat: Floats) -> Floats:
    lam, phi = np.radians(lon), np.radians(lat)
    level = np.cos(phi)
    return np.stack([level * np.cos(lam), level * np.sin(lam), np.sin(phi)], axis=-1)
