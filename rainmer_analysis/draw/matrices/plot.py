"""Matrices of scores between datasets, all on one diverging scale centred at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rainmer_analysis.draw.drawing import Drawing
from rainmer_analysis.draw.layout import listed, new_figure, panel_titles
from rainmer_analysis.draw.matrices.cells import INTERVAL_ROOM
from rainmer_analysis.draw.matrices.look import matrix_grid, matrix_look
from rainmer_analysis.draw.matrices.panels import draw_matrices
from rainmer_analysis.draw.matrices.scale import BAR_ROOM, colour_scale
from rainmer_analysis.draw.style import WIDTH, styled
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["about_matrix", "matrix_name", "plot_matrix"]


def plot_matrix(
    matrices: RelationshipMatrix | Sequence[RelationshipMatrix],
    *,
    titles: Sequence[str] | None = None,
) -> Drawing:
    """Draw one or several matrices as panels that share one colour scale.

    Cells carry two decimals, as long as they can be read, and the interval where the matrix has
    one and the cell has room; a missing cell is hatched.

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
        ``missing/I`` (hatched patches by (row, column)) for panel I from 0, and ``scale`` (the
        colour bar).

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
        figure = new_figure(width, under + BAR_ROOM)
        artists = draw_matrices(figure, found, grid, titles=names, look=look)
        artists["scale"] = colour_scale(figure, found, look, top=under)
    about = {
        "draws": "matrix",
        "titles": list(names),
        "matrices": [about_matrix(value) for value in found],
    }
    return Drawing(figure, artists, about)


def matrix_name(value: RelationshipMatrix) -> str:
    """Give a panel's default title."""
    return value.score if value.space is None else value.space.name


def about_matrix(value: RelationshipMatrix) -> dict[str, Any]:
    """Give what a picture's provenance says about a matrix."""
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
    return min(WIDTH, max(3.4, 1.2 + cell * len(matrices[0].datasets)))
