"""Matrices of scores between datasets, all on one diverging scale centred at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import seaborn
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from rainmer_analysis.draw.drawing import Drawing
from rainmer_analysis.draw.layout import (
    GAP,
    Grid,
    axes_at,
    grid_of,
    letter,
    listed,
    new_figure,
    panel_title,
    panel_titles,
)
from rainmer_analysis.draw.style import INK, WIDTH, short_labels, styled
from rainmer_analysis.values import RelationshipMatrix

__all__ = [
    "BAR_ROOM",
    "MatrixLook",
    "about_matrix",
    "colour_scale",
    "draw_matrices",
    "matrix_grid",
    "matrix_look",
    "matrix_name",
    "plot_matrix",
]

_COLOURS = "RdBu_r"
_SMALLEST = 6.0
_HEAD = 0.22
_INTERVAL = 54.0  # points that a cell needs to hold "−0.37 to −0.29" at the smallest size
BAR_ROOM = 0.46
"""Inches that the colour scale takes under the matrices."""


@dataclass(frozen=True)
class MatrixLook:
    """What all panels share: the scale's limit, labels, and the room they need.

    `across` and `down` are the inches that the longest label takes beside and below a panel;
    `label` is the font size of names in points, `turned` whether those below stand upright.
    """

    limit: float
    across: float
    down: float
    label: float
    turned: bool
    shared: bool


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
        artists = draw_matrices(figure, found, names, grid, look)
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
    cell = 0.4 if matrices[0].low is None else 0.04 + _INTERVAL / 72
    return min(WIDTH, max(3.4, 1.2 + cell * len(matrices[0].datasets)))


def matrix_look(
    matrices: Sequence[RelationshipMatrix], *, columns: int, width: float
) -> MatrixLook:
    """Choose the shared limits (at least -1 to 1) and measure the names.

    Where all panels show the same datasets, only the leftmost ones carry names at the left.
    """
    finite = [value.values[np.isfinite(value.values)] for value in matrices]
    peak = max((float(np.abs(cells).max()) for cells in finite if cells.size), default=1.0)
    most = max(len(value.datasets) for value in matrices)
    size = float(np.clip(0.8 * 72 * (width - 1.2) / columns / most, _SMALLEST, 6.5))
    labels = [text for value in matrices for text in short_labels(value.datasets).values()]
    across = _longest(labels, size) + 0.07
    cell = (width - across - 0.22 - GAP * (columns - 1)) / columns / most
    turned = across > cell + 0.02
    shared = len({value.datasets for value in matrices}) == 1
    return MatrixLook(max(1.0, peak), across, across if turned else 0.15, size, turned, shared)


def _longest(labels: Sequence[str], size: float) -> float:
    figure = new_figure(1, 1)
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    texts = [figure.text(0, 0, label, fontsize=size) for label in dict.fromkeys(labels)]
    return max(float(text.get_window_extent(renderer).width) for text in texts) / figure.dpi


def matrix_grid(
    look: MatrixLook,
    *,
    columns: int,
    left: float,
    right: float,
    top: float = 0.04,
    gap: float = 0.18,
) -> Grid:
    """Give the places of square panels with room for titles and names."""
    return grid_of(
        columns,
        left=left,
        right=right,
        top=top + _HEAD,
        aspect=1.0,
        between=_HEAD + look.down + 0.1,
        gap=gap if look.shared else look.across + 0.12,
    )


def draw_matrices(
    figure: Figure,
    matrices: Sequence[RelationshipMatrix],
    titles: Sequence[str],
    grid: Grid,
    look: MatrixLook,
    *,
    letters: str = "",
) -> dict[str, Any]:
    """Draw each matrix into its place of the grid and give the artists by name."""
    artists: dict[str, Any] = {}
    for index, (value, title) in enumerate(zip(matrices, titles, strict=True)):
        axes = axes_at(figure, grid.rect(index))
        named = index % grid.columns == 0 or not look.shared
        mesh = _mesh(axes, value, look, named=named)
        words = panel_title(axes, title, indent=15.0 if letters else 0.0)
        if letters:
            artists[f"letter/{index}"] = letter(axes, f"({letters[index]})", rise=4.0)
        artists |= {
            f"axes/{index}": axes,
            f"title/{index}": words["title"],
            f"mesh/{index}": mesh,
            f"missing/{index}": _missing(axes, value),
            f"cells/{index}": _cells(axes, value, mesh, room=grid.width * 72),
        }
    return artists


def colour_scale(
    figure: Figure, matrices: Sequence[RelationshipMatrix], look: MatrixLook, *, top: float
) -> Colorbar:
    """Draw the one scale of all panels, `top` inches below the figure's upper edge."""
    across = figure.get_size_inches()[0]
    length = min(2.6, across - 0.8)
    axes = axes_at(figure, ((across - length) / 2, top, length, 0.09))
    scores = {value.score for value in matrices}
    bar = figure.colorbar(_scale(look), cax=axes, orientation="horizontal")
    bar.set_ticks(list(np.linspace(-look.limit, look.limit, 5)))
    bar.ax.xaxis.set_major_formatter(lambda value, _position: _signed(value, "g"))
    bar.set_label(f"{scores.pop()} score" if len(scores) == 1 else "score")
    bar.outline.set_linewidth(0.5)
    return bar


def _scale(look: MatrixLook) -> ScalarMappable:
    return ScalarMappable(Normalize(-look.limit, look.limit), colormaps[_COLOURS])


def _mesh(axes: Axes, value: RelationshipMatrix, look: MatrixLook, *, named: bool) -> QuadMesh:
    labels = list(short_labels(value.datasets).values())
    seaborn.heatmap(
        value.values,
        ax=axes,
        cmap=_COLOURS,
        vmin=-look.limit,
        vmax=look.limit,
        cbar=False,
        square=True,
        linecolor="white",
        linewidths=0.5 if len(labels) <= 15 else 0.25,
        xticklabels=labels,
        yticklabels=labels if named else [""] * len(labels),
    )
    axes.tick_params(length=0, labelsize=look.label)
    axes.tick_params(axis="x", rotation=90 if look.turned else 0)
    axes.tick_params(axis="y", rotation=0)
    (mesh,) = axes.collections
    assert isinstance(mesh, QuadMesh)
    return mesh


def _missing(axes: Axes, value: RelationshipMatrix) -> dict[tuple[int, int], Rectangle]:
    found = {}
    for row, column in np.argwhere(np.isnan(value.values)).tolist():
        cell = Rectangle((column + 0.01, row + 0.01), 0.98, 0.98, hatch="/////")
        cell.set(facecolor="#EEEEEE", edgecolor="#AAAAAA", linewidth=0)
        axes.add_patch(cell)
        found[row, column] = cell
    return found


def _cells(
    axes: Axes, value: RelationshipMatrix, mesh: QuadMesh, *, room: float
) -> dict[tuple[int, int], Text]:
    """Write the numbers that fit the cells of a panel `room` points wide, at 6 points or more."""
    cell = room / len(value.datasets)
    shown = np.argwhere(np.isfinite(value.values)).tolist()
    texts = {(row, column): _signed(value.values[row, column], ".2f") for row, column in shown}
    if not texts:
        return {}
    size = min(8.0, (cell - 2.5) / (7.2 * _longest(list(texts.values()), 10.0)))
    if size < _SMALLEST:
        return {}
    below = _intervals(value) if cell >= _INTERVAL else {}
    shades = mesh.to_rgba(value.values)
    found = {}
    for (row, column), text in texts.items():
        half = 5.5 / cell if (row, column) in below else 0.0
        label = axes.text(column + 0.5, row + 0.5 - half, text, fontsize=size)
        found[row, column] = label
        lines = [label]
        if half:
            interval = below[row, column]
            lines.append(axes.text(column + 0.5, row + 0.5 + half, interval, fontsize=_SMALLEST))
        for line in lines:
            line.set(ha="center", va="center_baseline", color=_contrast(shades[row, column]))
    return found


def _intervals(value: RelationshipMatrix) -> dict[tuple[int, int], str]:
    if value.low is None or value.high is None:
        return {}
    known = np.isfinite(value.low) & np.isfinite(value.high)
    return {
        (row, column): f"{_signed(value.low[row, column], '.2f')} to "
        f"{_signed(value.high[row, column], '.2f')}"
        for row, column in np.argwhere(known).tolist()
    }


def _signed(value: float, form: str) -> str:
    """Format with a true minus sign, and zero without one."""
    text = format(value, form)
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def _contrast(shade: npt.NDArray[np.float64]) -> str:
    """Give dark or white ink, whichever stands out more (relative luminance of WCAG 2)."""
    rgb = np.asarray(shade[:3], dtype=np.float64)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return INK if float(linear @ [0.2126, 0.7152, 0.0722]) > 0.21 else "white"
