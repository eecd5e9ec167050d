"""Panels: cells in their colours, the numbers in them, hatching where there is no score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from rainmer_analysis.draw.figure import (
    SMALLEST,
    Grid,
    add_panel_letter,
    add_panel_title_and_notes,
    axes_at,
    short_labels,
    text_colour_on,
    title_baseline_points,
)
from rainmer_analysis.draw.matrices.colour_scale import colour_map
from rainmer_analysis.draw.matrices.matrix_style import (
    MatrixStyle,
    format_signed,
    longest_label_inches,
    row_labels,
)
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["INTERVAL_ROOM", "UNDECIDED", "add_cell_numbers", "add_matrix_panels"]


def add_matrix_panels(
    figure: Figure,
    matrices: Sequence[RelationshipMatrix],
    grid: Grid,
    *,
    titles: Sequence[str],
    shared_style: MatrixStyle,
    letters: str = "",
) -> dict[str, Any]:
    """Draw each matrix into its place of the grid and give the artists by name."""
    artists: dict[str, Any] = {}
    for index, (value, title) in enumerate(zip(matrices, titles, strict=True)):
        axes = axes_at(figure, grid.rect(index))
        named = index % grid.columns == 0 or not shared_style.shared
        rows = row_labels(value, alone=len(matrices) == 1) if named else [""] * len(value.datasets)
        mesh = _add_mesh(axes, value, shared_style, rows=rows)
        (heading,) = add_panel_title_and_notes(axes, title, indent=15.0 if letters else 0.0)
        if letters:
            artists[f"letter/{index}"] = add_panel_letter(
                axes, f"({letters[index]})", rise=title_baseline_points(0)
            )
        artists |= {
            f"axes/{index}": axes,
            f"title/{index}": heading,
            f"mesh/{index}": mesh,
            f"missing/{index}": _hatch_missing_cells(axes, value),
            f"cells/{index}": add_cell_numbers(axes, value, mesh, room=grid.width * 72),
        }
    return artists


def _add_mesh(
    axes: Axes, value: RelationshipMatrix, shared_style: MatrixStyle, *, rows: list[str]
) -> QuadMesh:
    labels = list(short_labels(value.datasets).values())
    seaborn.heatmap(
        value.values,
        ax=axes,
        cmap=colour_map(shared_style),
        vmin=shared_style.lowest,
        vmax=shared_style.limit,
        cbar=False,
        square=True,
        linecolor="white",
        linewidths=0.5 if len(labels) <= 15 else 0.25,
        xticklabels=labels,
        yticklabels=rows,
    )
    axes.tick_params(length=0, labelsize=shared_style.label)
    axes.tick_params(axis="x", rotation=90 if shared_style.turned else 0)
    axes.tick_params(axis="y", rotation=0)
    (mesh,) = axes.collections
    assert isinstance(mesh, QuadMesh)
    return mesh


def _hatch_missing_cells(axes: Axes, value: RelationshipMatrix) -> dict[tuple[int, int], Rectangle]:
    found = {}
    for row, column in np.argwhere(np.isnan(value.values)).tolist():
        cell = Rectangle((column + 0.01, row + 0.01), 0.98, 0.98, hatch="/////")
        cell.set(facecolor="#EEEEEE", edgecolor="#AAAAAA", linewidth=0)
        axes.add_patch(cell)
        found[row, column] = cell
    return found


INTERVAL_ROOM = 54.0
"""Points that a cell needs to hold "−0.37 to −0.29" at the smallest size."""
UNDECIDED = "°"
"""Stands behind numbers of pairs that the null cannot tell apart."""


def add_cell_numbers(
    axes: Axes, value: RelationshipMatrix, mesh: QuadMesh, *, room: float
) -> dict[tuple[int, int], Text]:
    """Write the numbers that fit the cells of a panel `room` points wide, at 6 points or more."""
    cell = room / len(value.datasets)
    shown = np.argwhere(np.isfinite(value.values)).tolist()
    form = f".{value.decimals}f"
    texts = {(row, column): _cell_text(value, row, column, form) for row, column in shown}
    if not texts:
        return {}
    size = min(8.0, (cell - 2.5) / (7.2 * longest_label_inches(list(texts.values()), 10.0)))
    if size < SMALLEST:
        return {}
    below = _interval_texts(value) if cell >= INTERVAL_ROOM else {}
    shades = mesh.to_rgba(value.values)
    found = {}
    for (row, column), text in texts.items():
        half = 5.5 / cell if (row, column) in below else 0.0
        label = axes.text(column + 0.5, row + 0.5 - half, text, fontsize=size)
        found[row, column] = label
        lines = [label]
        if half:
            interval = below[row, column]
            lines.append(axes.text(column + 0.5, row + 0.5 + half, interval, fontsize=SMALLEST))
        for line in lines:
            line.set(ha="center", va="center_baseline", color=text_colour_on(shades[row, column]))
    return found


def _cell_text(value: RelationshipMatrix, row: int, column: int, form: str) -> str:
    mark = UNDECIDED if value.undecided[row, column] else ""
    return format_signed(value.values[row, column], form) + mark


def _interval_texts(value: RelationshipMatrix) -> dict[tuple[int, int], str]:
    if value.low is None or value.high is None:
        return {}
    known = np.isfinite(value.low) & np.isfinite(value.high)
    form = f".{value.decimals}f"
    return {
        (row, column): f"{format_signed(value.low[row, column], form)} to "
        f"{format_signed(value.high[row, column], form)}"
        for row, column in np.argwhere(known).tolist()
    }
