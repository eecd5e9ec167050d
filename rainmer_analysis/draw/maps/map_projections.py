"""From longitude and latitude to the plane of a picture: coordinate transforms, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = ["VIEWS", "MapProjection", "projection_named"]

Array = npt.NDArray[np.float64]
_GAP = 0.08  # between the two hemispheres, in radii


@dataclass(frozen=True)
class MapProjection:
    """One way to draw the sphere.

    Parameters
    ----------
    name
        As in ``lonlat``.
    project
        Degrees (lon, lat), shape (n,) each, to plane coordinates (x, y).
    part
        Degrees (lon, lat) to the number of the plane's part that holds them, shape (n,).
    outline
        Closed outlines in plane coordinates, one per part, shape (m, 2) each.
    graticule
        Lines in plane coordinates, shape (m, 2) each.
    extent
        ``(x0, x1, y0, y1)`` of the plane that holds everything.
    captions
        ``(x, y, text)`` of what stands on the plane beside the data.
    """

    name: str
    project: Callable[[Array, Array], tuple[Array, Array]]
    part: Callable[[Array, Array], Array]
    outline: tuple[Array, ...]
    graticule: tuple[Array, ...]
    extent: tuple[float, float, float, float]
    captions: tuple[tuple[float, float, str], ...] = ()


def projection_named(name: str) -> MapProjection:
    """Return the view of this name.

    Raises ParameterError: there is none.
    """
    if name not in VIEWS:
        raise ParameterError(f"there is no view {name!r}; choose one of {', '.join(VIEWS)}")
    return VIEWS[name]


def _project_lonlat(lon: Array, lat: Array) -> tuple[Array, Array]:
    return lon, lat


def _project_mollweide(lon: Array, lat: Array) -> tuple[Array, Array]:
    """Equal-area ellipse: 2t + sin 2t = pi sin(lat), solved by Newton's steps from a good start."""
    phi = np.radians(lat)
    goal = np.pi * np.sin(phi)
    # Near a pole t = pi/2 - u with u^3 = 3/8 pi (1 - |sin lat|) to first order.
    near = np.pi / 2 - np.cbrt(3 / 8 * np.pi * (1 - np.abs(np.sin(phi))))
    t = np.sign(phi) * near
    for _ in range(30):
        slope = 2 + 2 * np.cos(2 * t)
        step = (2 * t + np.sin(2 * t) - goal) / np.where(slope < 1e-9, np.inf, slope)
        t = np.clip(t - step, -np.pi / 2, np.pi / 2)
    return 2 * np.sqrt(2) / np.pi * np.radians(lon) * np.cos(t), np.sqrt(2) * np.sin(t)


def _project_orthographic(lon: Array, lat: Array) -> tuple[Array, Array]:
    """Two discs: the hemisphere around longitude 0 at the left, the one around 180 at the right."""
    lam, phi = np.radians(lon), np.radians(lat)
    toward, side = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam)
    front = toward >= 0
    centre = 1 + _GAP / 2
    return np.where(front, side - centre, centre - side), np.sin(phi)


def _zero_part_index(lon: Array, lat: Array) -> Array:
    return np.zeros(np.broadcast(lon, lat).shape)


def _hemisphere_index(lon: Array, lat: Array) -> Array:
    return np.where(np.cos(np.radians(lat)) * np.cos(np.radians(lon)) >= 0, 0.0, 1.0)


def _projected_line(
    project: Callable[[Array, Array], tuple[Array, Array]], lon: npt.ArrayLike, lat: npt.ArrayLike
) -> Array:
    lon, lat = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
    return np.column_stack(project(lon, lat))


def _lonlat_projection() -> MapProjection:
    box = np.array([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]], float)
    lines = [np.array([[lon, -90], [lon, 90]], float) for lon in range(-120, 180, 60)]
    lines += [np.array([[-180, lat], [180, lat]], float) for lat in range(-60, 90, 30)]
    return MapProjection(
        "lonlat", _project_lonlat, _zero_part_index, (box,), tuple(lines), (-180, 180, -90, 90)
    )


def _mollweide_projection() -> MapProjection:
    sweep = np.linspace(-90, 90, 121)
    edge = np.concatenate(
        [
            _projected_line(_project_mollweide, 180, sweep),
            _projected_line(_project_mollweide, -180, sweep[::-1]),
        ],
        axis=0,
    )
    lines = [_projected_line(_project_mollweide, lon, sweep) for lon in range(-120, 180, 60)]
    lines += [_projected_line(_project_mollweide, [-180, 180], lat) for lat in range(-60, 90, 30)]
    a, b = 2 * np.sqrt(2), np.sqrt(2)
    return MapProjection(
        "mollweide", _project_mollweide, _zero_part_index, (edge,), tuple(lines), (-a, a, -b, b)
    )


def _orthographic_projection() -> MapProjection:
    turn, sweep = np.linspace(0, 2 * np.pi, 181), np.linspace(-90, 90, 91)
    lines, edges, captions = [], [], []
    for centre, sign in ((0, -1), (180, 1)):
        middle = sign * (1 + _GAP / 2)
        edges.append(np.column_stack([middle + np.cos(turn), np.sin(turn)]))
        lines += [
            _projected_line(_project_orthographic, centre + step, sweep)
            for step in (-60, -30, 0, 30, 60)
        ]
        across = np.linspace(centre - 89.999, centre + 89.999, 91)
        lines += [
            _projected_line(_project_orthographic, across, lat) for lat in (-60, -30, 0, 30, 60)
        ]
        captions.append((middle, -1.06, f"centred on {centre}°"))
    reach = 2 + _GAP / 2
    return MapProjection(
        "orthographic",
        _project_orthographic,
        _hemisphere_index,
        tuple(edges),
        tuple(lines),
        (-reach, reach, -1.0, 1.0),
        tuple(captions),
    )


VIEWS: Mapping[str, MapProjection] = MappingProxyType(
    {
        view.name: view
        for view in (_lonlat_projection(), _mollweide_projection(), _orthographic_projection())
    }
)
