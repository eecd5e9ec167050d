"""Matrices of scores between datasets, all on one diverging scale centred at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from rainmer_analysis.draw.figure import (
    MUTED,
    WIDTH,
    Drawing,
    as_tuple,
    new_figure,
    panel_titles,
    style_context,
)
from rainmer_analysis.draw.matrices.colour_scale import BAR_ROOM, add_colour_bar
from rainmer_analysis.draw.matrices.matrix_panels import INTERVAL_ROOM, UNDECIDED, add_matrix_panels
from rainmer_analysis.draw.matrices.matrix_style import choose_matrix_style, matrix_grid
from rainmer_analysis.values import SIGNIFICANT, RelationshipMatrix, matrix_document

__all__ = ["default_matrix_title", "interval_description", "matrix_provenance", "plot_matrix"]

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
        bar), and ``note`` where cells hold intervals or marks.

    Raises
    ------
    ParameterError
        No matrix, another value, or titles that do not fit.

    Examples
    --------
    >>> plot_matrix(relate(table)).save("matrix.pdf")  # doctest: +SKIP
    """
    found = as_tuple(matrices, RelationshipMatrix)
    names = panel_titles(titles, found, default_matrix_title)
    columns = {1: 1, 2: 2, 4: 2}.get(len(found), 3)
    rows = -(-len(found) // columns)
    with style_context():
        width = _figure_width(found, columns)
        shared_style = choose_matrix_style(found, columns=columns, width=width)
        grid = matrix_grid(
            shared_style, columns=columns, left=shared_style.across + 0.1, right=width - 0.12
        )
        under = grid.top + (rows - 1) * grid.step + grid.height + shared_style.down + 0.06
        notes = _notes_under_matrices(found, cell=grid.width * 72)
        figure = new_figure(width, under + BAR_ROOM + _NOTE_ROOM * len(notes))
        artists = add_matrix_panels(figure, found, grid, titles=names, shared_style=shared_style)
        artists["scale"] = add_colour_bar(figure, found, shared_style, top=under)
        if notes:
            artists["note"] = _add_notes(figure, notes)
    about = {
        "draws": "matrix",
        "titles": list(names),
        "matrices": [matrix_provenance(value) for value in found],
    }
    return Drawing(figure, artists, about, {"matrices": [matrix_document(v) for v in found]})


def _notes_under_matrices(matrices: Sequence[RelationshipMatrix], *, cell: float) -> list[str]:
    """Say what stands under the scores and what their marks mean; panels are `cell` points wide."""
    notes = []
    if any(v.low is not None and cell / len(v.datasets) >= INTERVAL_ROOM for v in matrices):
        notes.append(f"under each score its {interval_description(matrices)}")
    if any(value.undecided.any() for value in matrices):
        notes.append(f"{UNDECIDED} not told apart from two halves of one set (q > {SIGNIFICANT})")
    return notes


def interval_description(matrices: Sequence[RelationshipMatrix]) -> str:
    """Return what intervals are called, with their level where all matrices state the same."""
    levels = {value.parameters.get("level") for value in matrices if value.low is not None}
    level = levels.pop() if len(levels) == 1 else None
    return "interval over scenes" if level is None else f"{level * 100:g} % interval over scenes"


def _add_notes(figure: Figure, notes: Sequence[str]) -> Text:
    down = float(figure.get_size_inches()[1])
    text = "\n".join(notes)
    return figure.text(0.5, 0.06 / down, text, ha="center", va="bottom", fontsize=6, color=MUTED)


def default_matrix_title(value: RelationshipMatrix) -> str:
    """Return a panel's default title."""
    return value.score if value.space is None else value.space.name


def matrix_provenance(value: RelationshipMatrix) -> dict[str, Any]:
    """Return what a picture's provenance says about a matrix."""
    return {
        "space": None if value.space is None else asdict(value.space),
        "score": value.score,
        "content_sha256": value.content_sha256,
        "counts": dict(zip(value.datasets, value.counts, strict=True)),
        "groups": dict(zip(value.datasets, value.groups, strict=True)),
        "parameters": dict(value.parameters),
    }


def _figure_width(matrices: Sequence[RelationshipMatrix], columns: int) -> float:
    if columns > 1:
        return WIDTH
    cell = 0.4 if matrices[0].low is None else 0.04 + INTERVAL_ROOM / 72
    beside = 1.2 if matrices[0].ceilings is None else 1.5
    return min(WIDTH, max(3.4, beside + cell * len(matrices[0].datasets)))
