"""What pictures show of intervals, ceilings and the null."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.draw import plot_intervals, plot_matrix
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import RelationshipMatrix


@pytest.fixture
def uncertain(make_matrix):
    """A matrix with intervals, ceilings and one pair that the null cannot tell apart."""

    def make(names=("Rain200H", "Rain800", "DDN_1", "GT-Rain"), **options) -> RelationshipMatrix:
        value = make_matrix(names, intervals=True, **options)
        size = len(value.datasets)
        q = np.full((size, size), 0.01)
        np.fill_diagonal(q, np.nan)
        q[0, 1] = q[1, 0] = 0.3
        ceilings = np.array([[0.5 + 0.01 * row, 0.4, 0.6] for row in range(size)])
        return dataclasses.replace(value, p=q, q=q, ceilings=ceilings)

    return make


def test_pairs_that_the_null_cannot_tell_apart_are_marked(uncertain, ink) -> None:
    drawing = plot_matrix(uncertain())
    marked = {place for place, text in drawing.artists["cells/0"].items() if "°" in text.get_text()}
    assert marked == {(0, 1), (1, 0)}
    assert "not told apart from two halves of one set" in drawing.artists["note"].get_text()
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)


def test_nothing_is_said_where_nothing_was_tested(make_matrix) -> None:
    drawing = plot_matrix(make_matrix(intervals=True))
    assert drawing.artists["note"].get_text() == "under each score its interval over scenes"
    assert not any("°" in text.get_text() for text in drawing.artists["cells/0"].values())
    assert "note" not in plot_matrix(make_matrix()).artists


def test_the_level_of_intervals_is_the_one_that_they_have(uncertain) -> None:
    value = dataclasses.replace(uncertain(), parameters={"level": 0.9})
    note = plot_matrix(value).artists["note"].get_text()
    assert note.splitlines()[0] == "under each score its 90 % interval over scenes"
    legend = plot_intervals(value).artists["legend"]
    assert legend.get_texts()[0].get_text() == "two datasets, 90 % interval over scenes"
    other = dataclasses.replace(value, parameters={"level": 0.95})
    legend = plot_intervals([value, other]).artists["legend"]
    assert legend.get_texts()[0].get_text() == "two datasets, interval over scenes"


@pytest.mark.parametrize(
    ("peak", "similarity", "ticks"),
    [(0.168, False, [0, 0.05, 0.1, 0.15]), (1.01, True, [-1, -0.5, 0, 0.5, 1])],
)
def test_scales_have_round_numbers(make_matrix, peak: float, similarity: bool, ticks: list) -> None:
    value = make_matrix(("A", "B"))
    cells = np.array([[0.0, peak], [peak, 0.0]])
    value = dataclasses.replace(value, values=cells, parameters={"similarity": similarity})
    assert plot_matrix(value).artists["scale"].get_ticks() == pytest.approx(ticks)


def test_ceilings_stand_beside_the_rows(uncertain) -> None:
    drawing = plot_matrix(uncertain())
    shown = [text.get_text() for text in drawing.artists["axes/0"].get_yticklabels()]
    assert shown[0] == "Rain200H\nceiling 0.50"
    below = [text.get_text() for text in drawing.artists["axes/0"].get_xticklabels()]
    assert below == ["Rain200H", "Rain800", "DDN_1", "GT-Rain"]


def test_distances_have_a_scale_from_zero_and_enough_decimals(make_matrix) -> None:
    value = make_matrix(("A", "B"))
    small = np.array([[0.0, 0.0123], [0.0123, 0.0]])
    distance = dataclasses.replace(value, values=small, parameters={"similarity": False})
    drawing = plot_matrix(distance)
    assert drawing.artists["mesh/0"].get_clim() == (0.0, 0.0123)
    assert drawing.artists["cells/0"][0, 1].get_text() == "0.012"
    assert min(drawing.artists["mesh/0"].to_rgba(0.0)[:3]) > 0.95


def test_every_pair_has_its_point_and_interval(uncertain, ink, tmp_path: Path) -> None:
    values = [uncertain(), uncertain(seed=1), uncertain(seed=2)]
    drawing = plot_intervals(values, titles=["a", "b", "c"], title="Sets")
    for index, value in enumerate(values):
        pairs = drawing.artists[f"pairs/{index}"]
        assert set(pairs) == {(a, b) for a in range(4) for b in range(a + 1, 4)}
        for (a, b), point in pairs.items():
            assert point.get_xdata()[0] == value.values[a, b]
            assert (point.get_markerfacecolor() == "white") == value.undecided[a, b]
        lines = drawing.artists[f"axes/{index}"].get_lines()
        spans = {tuple(line.get_xdata()) for line in lines if len(line.get_xdata()) == 2}
        assert (value.low[0, 1], value.high[0, 1]) in spans
        assert [
            point.get_xdata()[0] for point in drawing.artists[f"ceilings/{index}"].values()
        ] == [*value.ceilings[:, 0]]
    assert len({drawing.artists[f"axes/{index}"].get_xlim() for index in range(3)}) == 1
    labels = [text.get_text() for text in drawing.artists["axes/0"].get_yticklabels()]
    assert labels[0] == "Rain200H – Rain800"
    assert labels[6:] == ["Rain200H", "Rain800", "DDN_1", "GT-Rain"]
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    assert drawing.save(tmp_path / "i.pdf").is_file()


def test_missing_cells_have_no_point(uncertain) -> None:
    value = uncertain(missing=True)
    assert plot_intervals(value).artists["pairs/0"][0, 1] is None


def test_what_has_no_intervals_is_refused(uncertain, make_matrix) -> None:
    with pytest.raises(ParameterError, match="has no intervals to draw; make it with"):
        plot_intervals(make_matrix())
    with pytest.raises(ParameterError, match="give matrices of the same datasets"):
        plot_intervals([uncertain(), uncertain(("A", "B"))])
