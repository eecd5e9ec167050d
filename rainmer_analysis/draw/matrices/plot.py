"""Matrices of scores between datasets, all on one diverging scale centred at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from rainmer_analysis.draw.drawing import Drawing
from rainmer_analysis.draw.layout import listed, new_figure, panel_titles
from rainmer_analysis.draw.matrices.cells import INTERVAL_ROOM, UNDECIDED
from rainmer_analysis.draw.matrices.look import matrix_grid, matrix_look
from rainmer_analysis.draw.matrices.panels import draw_matrices
from rainmer_analysis.draw.matrices.scale import BAR_ROOM, colour_scale
from rainmer_analysis.draw.style import MUTED, WIDTH, styled
from rainmer_analysis.values import SIGNIFICANT, RelationshipMatrix

__all__ = ["about_matrix", "matrix_name", "plot_matrix"]

_NOTE_ROOM = 0.16


def plot_matrix(
    matrices: RelationshipMatrix | Sequence[RelationshipMatrix],
    *,
    titles: Sequence[str] | None = None,
) -> Drawing:
    """Draw one or several matrices as panels that share one colour scale.

    Cells carry their scores, as long as they can be read, and the interval where the matrix has
    one and the cell has room; a missing cell is hatched, and a score of a pair that the null cannot
    tell apart is marked. A matrix by itself has the datasets' ceilings beside its rows.

    Parameters
    ----------
    matrices
        One matrix or several.
    titles
        One per matrix; the space's name by default.

    Returns
    -------
    Drawing
        With the artists ``axes/I``, ``title/I``, ``mesh/I``, ``cells/I`` (texts by (row, column)),
        ``missing/I`` (hatched patches by (row, column)) for panel I from 0, ``scale`` (the colour
        bar), and ``note`` where a pair is marked.

    Raises
    ------
    ParameterError
        No matrix, another value, or titles that do not fit.

    Examples
    --------
    >>> plot_matrix(relate(table)).save("matrix.pdf")  # doctest: +SKIP
    """
    found = listed(matrices, RelationshipMatrix)
    names = panel_titles(titles, found, matrix_name)
    columns = {1: 1, 2: 2, 4: 2}.get(len(found), 3)
    rows = -(-len(found) // columns)
    with styled():
        width = _width(found, columns)
        look = matrix_look(found, columns=columns, width=width)
        grid = matrix_grid(look, columns=columns, left=look.across + 0.1, right=width - 0.12)
        under = grid.top + (rows - 1) * grid.step + grid.height + look.down + 0.06
        marked = any(value.undecided.any() for value in found)
        figure = new_figure(width, under + BAR_ROOM + (_NOTE_ROOM if marked else 0))
        artists = draw_matrices(figure, found, grid, titles=names, look=look)
        artists["scale"] = colour_scale(figure, found, look, top=under)
        if marked:
            artists["note"] = _note(figure)
    about = {
        "draws": "matrix",
        "titles": list(names),
        "matrices": [about_matrix(value) for value in found],
    }
    return Drawing(figure, artists, about)


def _note(figure: Figure) -> Text:
    text = f"{UNDECIDED} not told apart from two halves of one set (q > {SIGNIFICANT})"
    down = float(figure.get_size_inches()[1])
    return figure.text(0.5, 0.06 / down, text, ha="center", va="bottom", fontsize=6, color=MUTED)


def matrix_name(value: RelationshipMatrix) -> str:
    """Return a panel's default title."""
    return value.score if value.space is None else value.space.name


def about_matrix(value: RelationshipMatrix) -> dict[str, Any]:
    """Return what a picture's provenance says about a matrix."""
    return {
        "space": None if value.space is None else asdict(value.space),
        "score": value.score,
        "content_sha256": value.content_sha256,
        "counts": dict(zip(value.datasets, value.counts, strict=True)),
        "groups": dict(zip(value.datasets, value.groups, strict=True)),
        "parameters": dict(value.parameters),
    }


def _width(matrices: Sequence[RelationshipMatrix], columns: int) -> float:
    if columns > 1:
        return WIDTH
    cell = 0.4 if matrices[0].low is None else 0.04 + INTERVAL_ROOM / 72
    beside = 1.2 if matrices[0].ceilings is None else 1.5
    return min(WIDTH, max(3.4, beside + cell * len(matrices[0].datasets)))
