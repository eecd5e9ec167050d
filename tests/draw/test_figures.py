from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from rainmer_analysis.draw import Drawing, assign_colours, maps_and_matrices_figure
from rainmer_analysis.errors import ParameterError

SPACES = (("rainmer", "chromatic"), ("rainmer", "degradation"), ("airnet", "degradation"))
DERAINING = ("sim-Rain200H", "sim-Rain800", "sim-DDN_1", "sim-DDN_5", "sim-GT-Rain")
DERAINING += ("sim-GTAV-balance",)
ALL_IN_ONE = ("sim-Snow", "sim-Rain", "sim-Raindrop")
TITLE = "Deraining sets: simulated, 120 images each; weights: derain"


@pytest.fixture(scope="module", params=[2, 3])
def drawing(request, make_map, make_matrix) -> Drawing:
    names, spaces = {2: (DERAINING, SPACES), 3: (ALL_IN_ONE, SPACES[:2])}[request.param]
    return maps_and_matrices_figure(
        [make_map(names, count=5, seed=i, of=s) for i, s in enumerate(spaces)],
        [make_matrix(names, seed=i, of=s) for i, s in enumerate(spaces)],
        number=request.param,
        title=TITLE,
    )


def test_nothing_covers_or_leaves_the_paper(drawing: Drawing, ink) -> None:
    found = ink.texts(drawing.figure)
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    assert min(text.get_fontsize() for text in found) >= 6
    legend = ink.extent(drawing.artists["legend"])
    for name, axes in drawing.artists.items():
        if "axes/" in name:
            assert not ink.overlap(legend, axes.get_tightbbox()), name


def test_maps_stand_above_their_matrices(drawing: Drawing) -> None:
    columns = len([name for name in drawing.artists if name.startswith("map/axes/")])
    for column in range(columns):
        above = drawing.artists[f"map/axes/{column}"].get_window_extent()
        below = drawing.artists[f"matrix/axes/{column}"].get_window_extent()
        assert (above.x0, above.x1) == pytest.approx((below.x0, below.x1), abs=0.5)
        assert below.width == pytest.approx(below.height)
        assert above.width == pytest.approx(2 * above.height)
    letters = [
        drawing.artists[f"{kind}/letter/{column}"].get_text()
        for kind in ("map", "matrix")
        for column in range(columns)
    ]
    assert letters == [f"({letter})" for letter in "abcdef"[: 2 * columns]]


def test_every_cell_is_numbered_and_every_dataset_has_its_colour(drawing: Drawing) -> None:
    names = tuple(drawing.provenance["maps"][0]["counts"])
    colours = assign_colours(names)
    for column in range(len(drawing.provenance["maps"])):
        assert len(drawing.artists[f"matrix/cells/{column}"]) == len(names) ** 2
        for name in names:
            (face, *_) = drawing.artists[f"map/points/{column}/{name}"][0].get_facecolor()
            assert to_hex(face).upper() == colours[name]
    assert len(drawing.artists["legend"].get_texts()) == len(names)


def test_titles_say_which_data_and_which_space(drawing: Drawing) -> None:
    assert drawing.artists["headline"].get_text() == TITLE
    assert drawing.artists["map/title/1"].get_text() == "Rainmer, detail/degradation"
    assert drawing.artists["matrix/title/0"].get_text() == "Rainmer, chromatic"
    assert drawing.provenance["title"] == TITLE


def test_figures_of_the_wrong_inputs_are_refused(make_map, make_matrix) -> None:
    maps = [make_map(count=1, of=s) for s in SPACES]
    matrices = [make_matrix(of=s) for s in SPACES]
    with pytest.raises(ParameterError, match="2 maps and 3 matrices came for figure 2; give 3"):
        maps_and_matrices_figure(maps[:2], matrices, number=2)
    with pytest.raises(ParameterError, match="3 maps and 3 matrices came for figure 3; give 2"):
        maps_and_matrices_figure(maps, matrices, number=3)
    with pytest.raises(ParameterError, match="column 1 of figure 2 has a map of rainmer/chrom"):
        maps_and_matrices_figure(maps, matrices[::-1], number=2)
