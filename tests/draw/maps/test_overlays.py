from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rainmer_analysis.draw import plot_map
from rainmer_analysis.draw.maps.overlays import pieces
from rainmer_analysis.draw.maps.projections import VIEWS, view_of
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import DatasetOnMap, MapSummary, SphereMap


@pytest.fixture
def one_map(make_map: Callable[..., SphereMap]) -> SphereMap:
    return make_map()


def circle(lon: float, reach: float = 0.4, count: int = 200) -> np.ndarray:
    """A circle about a point of the equator."""
    turn = np.linspace(0, 2 * np.pi, count)
    ahead = np.full(count, np.cos(reach))
    side, up = np.sin(reach) * np.cos(turn), np.sin(reach) * np.sin(turn)
    lam = np.radians(lon)
    x, y = np.cos(lam) * ahead - np.sin(lam) * side, np.sin(lam) * ahead + np.cos(lam) * side
    return np.column_stack([x, y, up])


def summary(value: SphereMap) -> MapSummary:
    names = value.rows.datasets
    seen = tuple(
        DatasetOnMap(
            name,
            5,
            np.array([0.0, 1, 0]),
            20.0 + 60 * i,
            {0.5: (circle(90),), 0.95: (circle(180),)},
        )
        for i, name in enumerate(names)
    )
    return MapSummary(seen, np.zeros((len(names), len(names))), value.content_sha256)


@pytest.mark.parametrize("view", VIEWS)
def test_lines_stay_whole_inside_and_are_cut_at_the_edge(view: str) -> None:
    shown = view_of(view)
    inside = pieces(circle(0 if view == "orthographic" else 90), shown)
    assert len(inside) == 1
    assert len(inside[0]) == 200
    edge = pieces(circle(90 if view == "orthographic" else 180), shown)
    assert len(edge) > 1
    x0, x1, _, _ = shown.extent
    for part in edge:
        assert np.abs(np.diff(part[:, 0])).max() < 0.1 * (x1 - x0)


@pytest.mark.parametrize("view", VIEWS)
def test_contours_and_means_are_named_artists(one_map: SphereMap, view: str) -> None:
    seen = summary(one_map)
    drawing = plot_map(one_map, view=view, summaries=seen, contours=True, means=True)
    project = view_of(view).project
    for name in one_map.rows.datasets:
        assert set(drawing.artists[f"contours/0/{name}"]) == {0.5, 0.95}
        mean = drawing.artists[f"mean/0/{name}"]
        expected = np.column_stack(project(np.array([90.0]), np.array([0.0])))
        assert np.asarray(mean.get_offsets()) == pytest.approx(expected)
    assert drawing.provenance["contours"]
    hollow = drawing.artists[f"mean/0/{one_map.rows.datasets[1]}"]
    assert hollow.get_facecolors()[0].tolist() == [1, 1, 1, 1], "a mean that says little"


def test_what_is_not_asked_for_is_not_drawn(one_map: SphereMap) -> None:
    drawing = plot_map(one_map, summaries=summary(one_map), means=True)
    assert not any(name.startswith("contours") for name in drawing.artists)


def test_summaries_of_other_maps_are_refused(one_map: SphereMap) -> None:
    with pytest.raises(ParameterError, match="0 summaries came that are not those of the 1 map"):
        plot_map(one_map, contours=True)
    seen = summary(one_map)
    other = MapSummary(seen.datasets, seen.distances, "another")
    with pytest.raises(ParameterError, match="1 summaries came"):
        plot_map(one_map, summaries=other, means=True)
