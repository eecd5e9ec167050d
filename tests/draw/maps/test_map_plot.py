from __future__ import annotations

import re
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

from rainmer_analysis.draw import assign_colours, plot_map
from rainmer_analysis.errors import ParameterError

DERAINING = ("Rain200H", "Rain800", "DDN_1", "DDN_5", "GT-Rain", "GTAV-balance")
VIEWS = ("lonlat", "mollweide", "orthographic")
HOSTILE = (
    "_hidden",
    "$\\frac{1}{0}$",
    "a_b^c\\",
    "雨\nnight",
    "ünï <b>&amp;</b>",
    "x" * 300,
    "%s{0}",
    " ",
)


def dots(drawing, panel: int, name: str) -> np.ndarray:
    parts = drawing.artists[f"points/{panel}/{name}"]
    return np.concatenate([np.asarray(part.get_offsets()) for part in parts])


def in_order(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(points.T)]


@pytest.mark.parametrize("view", VIEWS)
def test_every_image_is_one_dot(make_map, view: str) -> None:
    value = make_map(count=13)
    drawing = plot_map(value, view=view)
    for name in value.rows.datasets:
        assert len(dots(drawing, 0, name)) == 13


def test_lonlat_dots_lie_at_their_degrees(make_map) -> None:
    value = make_map()
    drawing = plot_map(value)
    for code, name in enumerate(value.rows.datasets):
        mine = value.rows.codes == code
        expected = np.column_stack([value.lon[mine], value.lat[mine]])
        np.testing.assert_allclose(in_order(dots(drawing, 0, name)), in_order(expected))


def test_axes_are_in_degrees(make_map) -> None:
    drawing = plot_map(make_map())
    axes = drawing.artists["axes/0"]
    drawing.figure.draw_without_rendering()
    assert axes.get_xlim() == (-180, 180)
    assert axes.get_ylim() == (-90, 90)
    shown = [t.get_text() for t in axes.get_xticklabels()]
    assert shown == ["−180°", "−120°", "−60°", "0°", "60°", "120°", "180°"]
    assert next(t.get_text() for t in axes.get_yticklabels()) == "−90°"
    narrow = plot_map([make_map(count=1)] * 3).artists["axes/0"]
    assert [t.get_text() for t in narrow.get_xticklabels()] == [
        "",
        "−120°",
        "",
        "0°",
        "",
        "120°",
        "",
    ]
    assert list(narrow.get_xticks()) == list(range(-180, 181, 60))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("longitude", "latitude")


def test_a_dataset_has_one_look_in_all_panels(make_map) -> None:
    maps = [make_map(("A", "B", "C")), make_map(("C", "A"), seed=1), make_map(("D", "B"), seed=2)]
    drawing = plot_map(maps)
    colours = assign_colours("ABCD")
    for panel, value in enumerate(maps):
        for name in value.rows.datasets:
            for part in drawing.artists[f"points/{panel}/{name}"]:
                assert to_hex(part.get_facecolor()[0]).upper() == colours[name]
    legend = drawing.artists["legend"]
    assert [to_hex(h.get_color()).upper() for h in legend.legend_handles] == list(colours.values())
    sizes = {
        float(part.get_sizes()[0])
        for name, parts in drawing.artists.items()
        if name.startswith("points/")
        for part in parts
    }
    assert len(sizes) == 1


def test_datasets_are_drawn_turn_by_turn(make_map) -> None:
    drawing = plot_map(make_map(("A", "B"), count=80))
    order = [
        next(n for n in "AB" if part in drawing.artists[f"points/0/{n}"])
        for part in drawing.artists["axes/0"].collections[1:]
    ]
    assert "".join(order) == "ABBA" * 4


def test_the_legend_names_counts(make_map) -> None:
    drawing = plot_map([make_map(("A", "B"), count=1500), make_map(("A",), count=9)])
    words = [text.get_text() for text in drawing.artists["legend"].get_texts()]
    assert words == ["A (n = 9–1,500)", "B (n = 1,500)"]


@pytest.mark.parametrize(
    ("view", "panels"),
    [("lonlat", n) for n in (1, 2, 3, 4, 5)] + [("mollweide", 2), ("orthographic", 3)],
)
def test_nothing_covers_or_leaves_the_paper(make_map, ink, view: str, panels: int) -> None:
    drawing = plot_map(
        [make_map(seed=s, count=2, fidelity=s != 1) for s in range(panels)], view=view
    )
    legend = ink.extent(drawing.artists["legend"])
    for panel in range(panels):
        assert not ink.overlap(legend, drawing.artists[f"axes/{panel}"].bbox)
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    assert min(text.get_fontsize() for text in found) >= 6


def test_titles_stand_on_one_line(make_map, ink) -> None:
    drawing = plot_map([make_map(), make_map(fidelity=False)])
    rises = {round(ink.extent(drawing.artists[f"title/{i}"]).y0, 3) for i in (0, 1)}
    assert len(rises) == 1
    assert drawing.artists["notes/1"] == ()
    (note,) = drawing.artists["notes/0"]
    assert note.get_text() == "trustworthiness 0.953, continuity 0.941"


def test_dots_stand_above_the_frame(make_map) -> None:
    drawing = plot_map(make_map())
    frame = max(spine.get_zorder() for spine in drawing.artists["axes/0"].spines.values())
    for name in DERAINING:
        for part in drawing.artists[f"points/0/{name}"]:
            assert part.get_zorder() > frame
            assert not part.get_clip_on()


def test_hostile_names_stay_apart_and_on_the_paper(tmp_path: Path, make_map, ink) -> None:
    drawing = plot_map(
        [make_map(HOSTILE, count=2)] * 2, titles=["$a$ " + "long " * 60, "雨\n$x_1$"]
    )
    words = [text.get_text() for text in drawing.artists["legend"].get_texts()]
    assert len(set(words)) == len(HOSTILE)
    assert words[0] == "_hidden (n = 2)"
    assert words[1] == "$\\frac{1}{0}$ (n = 2)"
    assert "\n" not in "".join(words)
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    for suffix in ("svg", "pdf", "png"):
        drawing.save(tmp_path / f"map.{suffix}")
    svg = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert ">$\\frac{1}{0}$ (n = 2)</text>" in svg


def test_many_datasets_keep_a_legend_on_the_paper(make_map, ink) -> None:
    names = [f"dataset number {i}" for i in range(40)]
    drawing = plot_map(make_map(names, count=1))
    assert ink.inside(drawing.figure, ink.extent(drawing.artists["legend"]))
    assert not ink.overlap(ink.extent(drawing.artists["legend"]), drawing.artists["axes/0"].bbox)
    assert len(drawing.artists["legend"].get_texts()) == 40


def test_dots_shrink_with_their_number(make_map) -> None:
    few, many = (plot_map(make_map(("A",), count=n)).artists["points/0/A"][0] for n in (50, 5_000))
    assert few.get_sizes()[0] > 5 * many.get_sizes()[0]
    assert few.get_alpha() > many.get_alpha() >= 0.4


def test_many_dots_become_pixels_inside_a_vector_file(tmp_path: Path, make_map) -> None:
    many = plot_map(make_map(("A", "B"), count=2_501))
    few = plot_map(make_map(("A", "B"), count=100))
    assert all(part.get_rasterized() for part in many.artists["points/0/A"])
    assert not any(part.get_rasterized() for part in few.artists["points/0/A"])
    big = many.save(tmp_path / "many.svg").read_text(encoding="utf-8")
    small = few.save(tmp_path / "few.svg").read_text(encoding="utf-8")
    assert "<image" in big
    assert "longitude</text>" in big
    assert len(big) < 2_000_000
    assert "<image" not in small
    assert len(re.findall(r"<use ", small)) >= 200


def test_a_map_of_one_image_and_of_none(make_map) -> None:
    one = make_map(("A",), count=1)
    assert len(dots(plot_map(one), 0, "A")) == 1
    none = type(one)(one.points[:0], one.rows.take([]), one.space)
    drawing = plot_map(none)
    assert "legend" not in drawing.artists
    assert plot_map([none, one]).artists["legend"].get_texts()[0].get_text() == "A (n = 1)"


def test_what_cannot_be_drawn_is_refused(make_map, make_matrix) -> None:
    with pytest.raises(ParameterError, match="nothing to draw came; give at least one SphereMap"):
        plot_map([])
    with pytest.raises(ParameterError, match="a RelationshipMatrix came to be drawn where only"):
        plot_map([make_map(), make_matrix()])
    with pytest.raises(ParameterError, match="1 titles came for 2 panels"):
        plot_map([make_map(), make_map()], titles=["one"])
    with pytest.raises(ParameterError, match="no view 'globe'"):
        plot_map(make_map(), view="globe")


def test_drawing_writes_into_nothing_and_opens_no_window(make_map) -> None:
    value = make_map()
    before = value.points.copy()
    settings = dict(mpl.rcParams)
    plot_map(value)
    np.testing.assert_array_equal(value.points, before)
    assert dict(mpl.rcParams) == settings
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
