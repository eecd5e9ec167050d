from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rainmer_analysis.draw import Drawing, plot_map
from rainmer_analysis.draw.maps.map_overlays import cut_at_projection_edges
from rainmer_analysis.draw.maps.map_projections import VIEWS, projection_named
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


def summary(value: SphereMap, *, count: int = 20) -> MapSummary:
    names = value.rows.datasets
    seen = tuple(
        DatasetOnMap(
            name,
            count,
            np.array([0.0, 1, 0]),
            20.0 + 60 * i,
            {0.5: (circle(90),), 0.95: (circle(180),)},
        )
        for i, name in enumerate(names)
    )
    return MapSummary(seen, np.zeros((len(names), len(names))), value.content_sha256)


@pytest.mark.parametrize("view", VIEWS)
def test_lines_stay_whole_inside_and_are_cut_at_the_edge(view: str) -> None:
    shown = projection_named(view)
    inside = cut_at_projection_edges(circle(0 if view == "orthographic" else 90), shown)
    assert len(inside) == 1
    assert len(inside[0]) == 200
    edge = cut_at_projection_edges(circle(90 if view == "orthographic" else 180), shown)
    assert len(edge) > 1
    x0, x1, _, _ = shown.extent
    for part in edge:
        assert np.abs(np.diff(part[:, 0])).max() < 0.1 * (x1 - x0)


def test_lines_reach_the_rims_of_both_hemispheres() -> None:
    shown = projection_named("orthographic")
    centres = [outline[:-1].mean(axis=0) for outline in shown.outline]
    cut = cut_at_projection_edges(circle(90, count=40), shown)
    ends = np.concatenate([part[[0, -1]] for part in cut])
    away = np.min([np.linalg.norm(ends - [x, 0], axis=1) for x, _ in centres], axis=0)
    assert np.count_nonzero(np.abs(away - 1) < 1e-4) == 4


@pytest.mark.parametrize("view", VIEWS)
def test_contours_and_means_are_named_artists(one_map: SphereMap, view: str) -> None:
    seen = summary(one_map)
    drawing = plot_map(one_map, view=view, summaries=seen, contours=True, means=True)
    project = projection_named(view).project
    for name in one_map.rows.datasets:
        assert set(drawing.artists[f"contours/0/{name}"]) == {0.5, 0.95}
        mean = drawing.artists[f"mean/0/{name}"]
        expected = np.column_stack(project(np.array([90.0]), np.array([0.0])))
        assert np.asarray(mean.get_offsets()) == pytest.approx(expected)
    assert drawing.provenance["contours"]
    hollow = drawing.artists[f"mean/0/{one_map.rows.datasets[1]}"]
    assert hollow.get_facecolors()[0].tolist() == [1, 1, 1, 1], "a mean that says little"


def words_of(drawing: Drawing, name: str) -> list[str]:
    return [text.get_text() for text in drawing.artists[name].get_texts()]


def test_the_key_tells_lines_and_markers_apart(one_map: SphereMap, ink) -> None:
    drawing = plot_map(one_map, summaries=summary(one_map), contours=True, means=True)
    assert words_of(drawing, "key") == [
        "densest 50 % of a dataset",
        "densest 95 % of a dataset",
        "mean direction",
        "mean of a spread above 67.5°",
    ]
    half, most, full, hollow = drawing.artists["key"].legend_handles
    assert (half.get_linestyle(), most.get_linestyle()) == ("-", "--")
    assert half.get_linewidth() > most.get_linewidth()
    assert hollow.get_markerfacecolor() == "white" != full.get_markerfacecolor()
    lines = drawing.artists[f"contours/0/{one_map.rows.datasets[0]}"]
    for share, handle in ((0.5, half), (0.95, most)):
        assert lines[share].get_linewidths() == [handle.get_linewidth()]
    solid, dashed = (lines[share].get_linestyles()[0][1] for share in (0.5, 0.95))
    assert solid is None
    assert len(dashed) == 2
    assert ink.clashes(ink.texts(drawing.figure)) == []
    assert ink.inside(drawing.figure, ink.extent(drawing.artists["key"]))
    legend = ink.extent(drawing.artists["legend"])
    assert not ink.overlap(ink.extent(drawing.artists["key"]), legend)


def test_signs_are_smaller_where_panels_are(one_map: SphereMap) -> None:
    name = one_map.rows.datasets[0]
    alone, one_of_three = (
        plot_map(
            [one_map] * panels, summaries=[summary(one_map)] * panels, contours=True, means=True
        )
        for panels in (1, 3)
    )
    for share in (0.5, 0.95):
        thick, thin = (
            drawing.artists[f"contours/0/{name}"][share].get_linewidths()[0]
            for drawing in (alone, one_of_three)
        )
        assert thin < 0.7 * thick
    big, small = (d.artists[f"mean/0/{name}"].get_sizes()[0] for d in (alone, one_of_three))
    assert small < 0.5 * big


def test_the_key_holds_only_what_is_drawn(one_map: SphereMap) -> None:
    seen = summary(one_map)
    sure = MapSummary(seen.datasets[:1], np.zeros((1, 1)), seen.map_sha256)
    assert words_of(plot_map(one_map, summaries=sure, means=True), "key") == ["mean direction"]
    assert len(words_of(plot_map(one_map, summaries=seen, contours=True), "key")) == 2
    assert "key" not in plot_map(one_map, summaries=seen).artists


def test_dots_fade_under_outlines(one_map: SphereMap) -> None:
    name = f"points/0/{one_map.rows.datasets[0]}"
    plain, under = (
        plot_map(one_map, summaries=summary(one_map), contours=contours).artists[name][0]
        for contours in (False, True)
    )
    assert under.get_alpha() < 0.6 * plain.get_alpha()


def test_few_images_are_not_outlined_and_a_note_says_so(one_map: SphereMap) -> None:
    seen = summary(one_map, count=19)
    one, *rest = summary(one_map).datasets
    mixed = MapSummary((one, *seen.datasets[1:]), seen.distances, seen.map_sha256)
    drawing = plot_map(one_map, summaries=mixed, contours=True)
    outlined = [name for name in drawing.artists if name.startswith("contours/")]
    assert outlined == [f"contours/0/{one.name}"]
    note = drawing.artists["notes/0"][-1].get_text()
    assert note == f"no outlines under 20 images: {', '.join(each.name for each in rest)}"
    none = plot_map(one_map, summaries=seen, contours=True)
    assert "key" not in none.artists
    assert none.artists[f"points/0/{one.name}"][0].get_alpha() > 0.9


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
