from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from rainmer_analysis.draw import plot_matrix
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import RelationshipMatrix


def luminance(colour: object) -> float:
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_cells_say_two_decimals_of_their_own_score(make_matrix) -> None:
    value = make_matrix()
    cells = plot_matrix(value).artists["cells/0"]
    assert len(cells) == 36
    for (row, column), text in cells.items():
        said = float(text.get_text().replace("−", "-"))
        assert said == pytest.approx(value.values[row, column], abs=0.005001)
        assert text.get_position() == (column + 0.5, row + 0.5)
        assert "-" not in text.get_text()


def test_rounding_never_writes_minus_zero(make_matrix) -> None:
    tiny = make_matrix(("A", "B"), scale=1e-4)
    cells = plot_matrix(tiny).artists["cells/0"]
    assert {text.get_text() for text in cells.values()} == {"0.00"}


def test_panels_share_one_scale_centred_at_zero(make_matrix) -> None:
    drawing = plot_matrix([make_matrix(), make_matrix(seed=1), make_matrix(seed=2, scale=0.1)])
    meshes = [drawing.artists[f"mesh/{i}"] for i in range(3)]
    assert {mesh.get_clim() for mesh in meshes} == {(-1.0, 1.0)}
    assert len({mesh.get_cmap().name for mesh in meshes}) == 1
    bar = drawing.artists["scale"]
    assert (bar.vmin, bar.vmax) == (-1.0, 1.0)
    assert bar.ax.get_xlabel() == "cosine score"
    below, middle, above = (meshes[0].to_rgba(x) for x in (-0.8, 0.0, 0.8))
    assert min(middle[:3]) > 0.95
    assert below[2] > below[0]
    assert above[0] > above[2]


def test_scores_beyond_one_widen_the_scale(make_matrix) -> None:
    drawing = plot_matrix([make_matrix(("A", "B"), scale=40.0), make_matrix(("A", "B"))])
    assert drawing.artists["mesh/1"].get_clim() == pytest.approx((-40.0, 40.0))


def test_numbers_stand_out_from_their_cells() -> None:
    """Scores over the whole scale: white on dark cells, dark on light ones, never in between."""
    scores = np.linspace(-1, 1, 196).reshape(14, 14)
    names = tuple(f"D{i}" for i in range(14))
    value = RelationshipMatrix(scores, names, "cosine", None, (9,) * 14, (9,) * 14, symmetric=False)
    drawing = plot_matrix(value)
    shades = drawing.artists["mesh/0"].to_rgba(scores)
    cells = drawing.artists["cells/0"]
    assert len(cells) == 196
    for place, text in cells.items():
        cell, ink = luminance(shades[place][:3]), luminance(text.get_color())
        bright, dark = max(cell, ink), min(cell, ink)
        assert (bright + 0.05) / (dark + 0.05) > 3.5
        assert cell > 0.24 if ink < 0.5 else cell < 0.25, place
    inks = {place: luminance(text.get_color()) for place, text in cells.items()}
    for lower in range(195):  # one change of ink on either side of zero
        one, other = divmod(lower, 14), divmod(lower + 1, 14)
        if scores[one] >= 0:
            assert inks[other] >= inks[one]
        else:
            assert inks[other] <= inks[one]


def test_missing_cells_are_hatched_and_not_numbered(make_matrix) -> None:
    drawing = plot_matrix(make_matrix(missing=True))
    assert set(drawing.artists["missing/0"]) == {(0, 1), (1, 0)}
    assert not set(drawing.artists["missing/0"]) & set(drawing.artists["cells/0"])
    assert all(patch.get_hatch() for patch in drawing.artists["missing/0"].values())
    assert drawing.artists["mesh/0"].get_array().mask.sum() == 2


def test_a_matrix_with_no_number_at_all(make_matrix, tmp_path: Path) -> None:
    some = make_matrix(("A", "B"))
    none = RelationshipMatrix(np.full((2, 2), np.nan), ("A", "B"), "cosine", None, (1, 1), (1, 1))
    drawing = plot_matrix([none, some])
    assert drawing.artists["cells/0"] == {}
    assert drawing.artists["title/0"].get_text() == "cosine"
    assert drawing.save(tmp_path / "m.pdf").is_file()


def test_rows_and_columns_carry_names_in_order(make_matrix) -> None:
    drawing = plot_matrix([make_matrix(), make_matrix(seed=1)])
    value = make_matrix()
    first, second = (drawing.artists[f"axes/{i}"] for i in (0, 1))
    for axes in (first, second):
        assert tuple(t.get_text() for t in axes.get_xticklabels()) == value.datasets
        assert axes.get_ylim() == (6, 0)
        box = axes.get_window_extent()
        assert box.width == pytest.approx(box.height)
    assert tuple(t.get_text() for t in first.get_yticklabels()) == value.datasets
    assert {t.get_text() for t in second.get_yticklabels()} == {""}


def test_different_datasets_each_carry_their_names(make_matrix) -> None:
    drawing = plot_matrix([make_matrix(), make_matrix(("Snow", "Rain", "Raindrop"))])
    shown = [t.get_text() for t in drawing.artists["axes/1"].get_yticklabels()]
    assert shown == ["Snow", "Rain", "Raindrop"]


@pytest.mark.parametrize(("count", "shown"), [(1, True), (17, True), (30, False)])
def test_numbers_shrink_and_stop_when_unreadable(make_matrix, ink, count: int, shown: bool) -> None:
    drawing = plot_matrix(make_matrix([f"DDN_{i}" for i in range(count)]))
    assert bool(drawing.artists["cells/0"]) == shown
    found = ink.texts(drawing.figure)
    assert min(text.get_fontsize() for text in found) >= 6
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)


@pytest.mark.parametrize("panels", [1, 2, 3, 4])
def test_nothing_covers_or_leaves_the_paper(make_matrix, ink, panels: int) -> None:
    drawing = plot_matrix([make_matrix(seed=s, missing=s == 1) for s in range(panels)])
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    scale = drawing.artists["scale"].ax.get_tightbbox()
    for panel in range(panels):
        assert not ink.overlap(scale, drawing.artists[f"axes/{panel}"].get_tightbbox())
        assert len(drawing.artists[f"cells/{panel}"]) >= 34


def test_intervals_stand_under_their_numbers(make_matrix, ink) -> None:
    drawing = plot_matrix(make_matrix(("A", "B"), intervals=True))
    words = {text.get_text() for text in ink.texts(drawing.figure)}
    assert "0.91 to 0.99" in words
    assert ink.clashes(ink.texts(drawing.figure)) == []
    crowded = plot_matrix([make_matrix(intervals=True)] * 3)
    assert not any(" to " in text.get_text() for text in ink.texts(crowded.figure))


def test_hostile_names_stay_on_the_paper(tmp_path: Path, make_matrix, ink) -> None:
    names = ("$x_1$", "_a", "雨\nnight", "y" * 200, "y" * 199 + "z", "100%")
    drawing = plot_matrix(make_matrix(names))
    shown = [t.get_text() for t in drawing.artists["axes/0"].get_yticklabels()]
    assert len(set(shown)) == len(names)
    assert shown[:2] == ["$x_1$", "_a"]
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    svg = drawing.save(tmp_path / "m.svg").read_text(encoding="utf-8")
    assert ">$x_1$</text>" in svg


def test_what_cannot_be_drawn_is_refused(make_map, make_matrix) -> None:
    with pytest.raises(ParameterError, match="nothing to draw came"):
        plot_matrix([])
    with pytest.raises(ParameterError, match="a SphereMap came to be drawn where only a Relat"):
        plot_matrix([make_map()])
    with pytest.raises(ParameterError, match="2 titles came for 1 panels"):
        plot_matrix(make_matrix(), titles=["a", "b"])
