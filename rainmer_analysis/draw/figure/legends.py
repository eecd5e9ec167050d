"""Legends that are measured before they are placed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from rainmer_analysis.draw.figure.figure_layout import new_figure
from rainmer_analysis.draw.figure.style import INK, marker_outline

__all__ = [
    "LegendEntry",
    "add_legend",
    "counts_text",
    "dot_legend_entry",
    "legend_columns_and_height",
]


@dataclass(frozen=True)
class LegendEntry:
    """One line of a legend: the text and what it explains."""

    text: str
    handle: Line2D

    @property
    def is_line(self) -> bool:
        """Whether the handle fills its place, so that the text must keep off."""
        return self.handle.get_linestyle() != "None"


def dot_legend_entry(text: str, colour: str, marker: str) -> LegendEntry:
    """Return the line of a dataset: a dot of its colour and marker."""
    line = Line2D([], [], linestyle="none", color=colour, markersize=5)
    line.set_marker(marker_outline(marker))
    line.set_markeredgewidth(0)
    return LegendEntry(text, line)


def legend_columns_and_height(entries: Sequence[LegendEntry], width: float) -> tuple[int, float]:
    """Return the number of columns, and the height in inches, with which a legend fits `width`."""
    if not entries:
        return 1, 0.0
    figure = new_figure(width, 1.0)
    for columns in range(min(len(entries), 8), 0, -1):
        rows = math.ceil(len(entries) / columns)
        legend = add_legend(figure, entries, columns=math.ceil(len(entries) / rows), top=0.0)
        box = legend.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
        legend.remove()
        if box.width / figure.dpi <= width or columns == 1:
            return math.ceil(len(entries) / rows), float(box.height / figure.dpi)
    raise AssertionError("the loop ends at one column")


def add_legend(
    figure: Figure, entries: Sequence[LegendEntry], *, columns: int, top: float
) -> Legend:
    """Write the legend in the middle, its upper edge `top` inches below the figure's."""
    down = figure.get_size_inches()[1]
    legend = figure.legend(
        [entry.handle for entry in entries],
        [entry.text for entry in entries],
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - top / down),
        ncols=columns,
        handletextpad=0.8 if any(entry.is_line for entry in entries) else None,
        labelcolor=INK,
    )
    legend.set_in_layout(False)
    return legend


def counts_text(counts: Sequence[Mapping[str, int]], dataset: str) -> str:
    """Say how many images of a dataset the panels show, as in ``n = 500`` or ``n = 480–500``."""
    found = sorted({panel[dataset] for panel in counts if dataset in panel})
    low, high = found[0], found[-1]
    return f"n = {low:,}" if low == high else f"n = {low:,}–{high:,}"
