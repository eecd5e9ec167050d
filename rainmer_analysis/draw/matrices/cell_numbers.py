"""The numbers in the cells, and the interval under each where there is one and room for it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.text import Text

from rainmer_analysis.draw.figure_layout import SMALLEST
from rainmer_analysis.draw.matrices.matrix_style import format_signed, longest_label_inches
from rainmer_analysis.draw.style import ink_on
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["INTERVAL_ROOM", "UNDECIDED", "draw_numbers"]

INTERVAL_ROOM = 54.0
"""Points that a cell needs to hold "−0.37 to −0.29" at the smallest size."""
UNDECIDED = "°"
"""Stands behind numbers of pairs that the null cannot tell apart."""


def draw_numbers(
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
            line.set(ha="center", va="center_baseline", color=ink_on(shades[row, column]))
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
