from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.draw.maps.map_projections import VIEWS, projection_named
from rainmer_analysis.errors import ParameterError


@pytest.fixture
def sphere() -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(0).normal(size=(200_000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return np.degrees(np.arctan2(points[:, 1], points[:, 0])), np.degrees(np.arcsin(points[:, 2]))


@pytest.mark.parametrize("name", VIEWS)
def test_every_point_lands_inside(name: str, sphere: tuple[np.ndarray, np.ndarray]) -> None:
    view = VIEWS[name]
    x, y = view.project(*sphere)
    x0, x1, y0, y1 = view.extent
    assert (x >= x0 - 1e-9).all()
    assert (x <= x1 + 1e-9).all()
    assert (y >= y0 - 1e-9).all()
    assert (y <= y1 + 1e-9).all()


def test_lonlat_is_the_identity(sphere: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = VIEWS["lonlat"].project(*sphere)
    np.testing.assert_array_equal(x, sphere[0])
    np.testing.assert_array_equal(y, sphere[1])


def test_mollweide_solves_its_equation_everywhere() -> None:
    lat = np.concatenate([np.linspace(-90, 90, 2001), [89.999, 89.99999, -89.9999, 1e-9]])
    _, y = VIEWS["mollweide"].project(np.zeros_like(lat), lat)
    t = np.arcsin(np.clip(y / np.sqrt(2), -1, 1))
    np.testing.assert_allclose(2 * t + np.sin(2 * t), np.pi * np.sin(np.radians(lat)), atol=1e-7)


def test_mollweide_keeps_areas(sphere: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = VIEWS["mollweide"].project(*sphere)
    inner = (x**2 / 8 + y**2 / 2) <= 0.25  # an ellipse of a quarter of the area
    assert inner.mean() == pytest.approx(0.25, abs=0.005)


def test_orthographic_shows_each_hemisphere_as_seen_from_outside() -> None:
    lon, lat = np.array([0.0, 90 - 1e-6, 180, -90 - 1e-6, 10, -170]), np.zeros(6)
    x, y = VIEWS["orthographic"].project(lon, lat)
    left, right = -1.04, 1.04
    np.testing.assert_allclose(y, 0, atol=1e-12)
    np.testing.assert_allclose(x[:3], [left, left + 1, right], atol=1e-6)
    assert x[3] == pytest.approx(right + 1, abs=1e-6)
    assert x[4] > left  # east is at the right on both discs
    assert x[5] > right


@pytest.mark.parametrize("name", ["mollweide", "orthographic"])
def test_outlines_and_lines_lie_in_the_plane(name: str) -> None:
    view = VIEWS[name]
    for line in (*view.outline, *view.graticule):
        assert np.isfinite(line).all()
        assert np.abs(line[:, 0]).max() <= view.extent[1] + 1e-9


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(ParameterError, match="no view 'globe'; choose one of lonlat, mollweide"):
        projection_named("globe")
