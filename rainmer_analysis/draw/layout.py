"""Paper in inches: figures without windows, axes from the top left, legends that are measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text

from rainmer_analysis.draw.style import INK, MUTED, marker_outline, readable
from rainmer_analysis.errors import ParameterError

__all__ = [
    "GAP",
    "Entry",
    "Grid",
    "add_legend",
    "axes_at",
    "counts_text",
    "grid_of",
    "headline",
    "legend_shape",
    "letter",
    "listed",
    "new_figure",
    "panel_title",
    "panel_titles",
    "text_size",
]

T = TypeVar("T")
GAP = 0.2
"""Inches between neighbouring panels."""
_SMALLEST = 6.0


@dataclass(frozen=True)
class Entry:
    """One line of a legend: the text and the look of its dataset."""

    text: str
    colour: str
    marker: str


@dataclass(frozen=True)
class Grid:
    """Rows and columns of equal panels, in inches from the figure's top left corner."""

    columns: int
    left: float
    top: float
    width: float
    height: float
    step: float
    gap: float = GAP

    def rect(self, index: int) -> tuple[float, float, float, float]:
        """Give (left, top, width, height) of one panel."""
        row, column = divmod(index, self.columns)
        return (
            self.left + column * (self.width + self.gap),
            self.top + row * self.step,
            self.width,
            self.height,
        )


def grid_of(
    columns: int,
    *,
    left: float,
    right: float,
    top: float,
    aspect: float,
    between: float,
    gap: float | None = None,
) -> Grid:
    """Divide the room from `left` to `right` into columns of panels `aspect` times as wide as high.

    `between` stands between two rows of panels and `gap` between two columns, in inches.
    """
    gap = GAP if gap is None else gap
    width = (right - left - gap * (columns - 1)) / columns
    height = width / aspect
    return Grid(columns, left, top, width, height, height + between, gap)


def listed(given: T | Sequence[T], kind: type[T]) -> tuple[T, ...]:
    """Give one value or several of the same kind as a tuple.

    Raises
    ------
    ParameterError
        There is none, or one is of another kind.
    """
    values = (given,) if isinstance(given, kind) else tuple(given)  # type: ignore[arg-type]
    if not values:
        raise ParameterError(f"nothing to draw came; give at least one {kind.__name__}")
    for value in values:
        if not isinstance(value, kind):
            raise ParameterError(
                f"a {type(value).__name__} came to be drawn where only a {kind.__name__} can be; "
                f"give {kind.__name__} values"
            )
    return values


def panel_titles(
    titles: Sequence[str] | None, values: Sequence[T], default: Callable[[T], str]
) -> tuple[str, ...]:
    """Give one title per panel, the default where none is given.

    Raises
    ------
    ParameterError
        The numbers differ.
    """
    if titles is None:
        return tuple(default(value) for value in values)
    found = (titles,) if isinstance(titles, str) else tuple(titles)
    if len(found) != len(values):
        raise ParameterError(
            f"{len(found)} titles came for {len(values)} panels; give one title per panel"
        )
    return found


def new_figure(width: float, height: float) -> Figure:
    """Give an empty figure in inches that no pyplot state knows."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def axes_at(figure: Figure, rect: tuple[float, float, float, float]) -> Axes:
    """Add axes at (left, top, width, height) in inches from the top left corner."""
    left, top, width, height = rect
    across, down = figure.get_size_inches()
    return figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )


def headline(figure: Figure, text: str) -> Text:
    """Write the line above all panels, as large as the width allows."""
    across, down = figure.get_size_inches()
    label = figure.text(
        0.5, 1 - 0.09 / down, readable(text), ha="center", va="top", fontsize=9, weight="bold"
    )
    return _fit(label, across - 0.2)


def panel_title(
    axes: Axes, text: str, *, note: str = "", indent: float = 0.0, rise: float = 4.0
) -> dict[str, Text]:
    """Write a panel's title above its left edge, and a small note under the title.

    Parameters
    ----------
    indent
        Points to leave free at the left, for the panel's letter.
    rise
        Points from the panel's upper edge to the title's baseline.
    """
    title = axes.annotate(
        readable(text), (0, 1), (indent, rise), "axes fraction", textcoords="offset points"
    )
    title.set(fontsize=8, va="baseline", ha="left", annotation_clip=False)
    found: dict[str, Text] = {"title": _fit(title, _width_of(axes) - indent / 72)}
    if note:
        small = axes.annotate(
            readable(note), (0, 1), (indent, 4), "axes fraction", textcoords="offset points"
        )
        small.set(fontsize=6, color=MUTED, va="baseline", annotation_clip=False)
        found["note"] = _fit(small, _width_of(axes) - indent / 72)
    return found


def letter(axes: Axes, text: str, *, rise: float) -> Text:
    """Write a panel's letter in bold at the left end of its title line."""
    label = axes.annotate(text, (0, 1), (0, rise), "axes fraction", textcoords="offset points")
    label.set(fontsize=8, weight="bold", va="baseline", ha="left", annotation_clip=False)
    return label


def _width_of(axes: Axes) -> float:
    return float(axes.get_position().width * axes.get_figure().get_size_inches()[0])  # type: ignore[union-attr]


def _fit(label: Text, width: float) -> Text:
    """Make a text smaller, then shorter, until it is at most `width` inches wide."""
    words, size = label.get_text(), float(label.get_fontsize())
    while text_size(label)[0] > width and size > _SMALLEST:
        size = max(_SMALLEST, size - 0.5)
        label.set_fontsize(size)
    while text_size(label)[0] > width and len(words) > 2:
        words = words[: max(1, math.floor(len(words) * min(0.97, width / text_size(label)[0])))]
        label.set_text(words.rstrip() + "…")
    return label


def text_size(label: Text) -> tuple[float, float]:
    """Give a text's width and height in inches."""
    figure = label.get_figure(root=True)
    box = label.get_window_extent(figure.canvas.get_renderer())  # type: ignore[union-attr]
    return box.width / figure.dpi, box.height / figure.dpi  # type: ignore[union-attr]


def legend_shape(entries: Sequence[Entry], width: float) -> tuple[int, float]:
    """Give the number of columns, and the height in inches, with which a legend fits `width`."""
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


def add_legend(figure: Figure, entries: Sequence[Entry], *, columns: int, top: float) -> Legend:
    """Write the legend in the middle, its upper edge `top` inches below the figure's."""
    handles = [_handle(entry) for entry in entries]
    down = figure.get_size_inches()[1]
    legend = figure.legend(
        handles,
        [entry.text for entry in entries],
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - top / down),
        ncols=columns,
        labelcolor=INK,
    )
    legend.set_in_layout(False)
    return legend


def _handle(entry: Entry) -> Line2D:
    line = Line2D([], [], linestyle="none", color=entry.colour, markersize=5)
    line.set_marker(marker_outline(entry.marker))
    line.set_markeredgewidth(0)
    return line


def counts_text(counts: Sequence[Mapping[str, int]], dataset: str) -> str:
    """Say how many images of a dataset the panels show, as in ``n = 500`` or ``n = 480–500``."""
    found = sorted({panel[dataset] for panel in counts if dataset in panel})
    low, high = found[0], found[-1]
    return f"n = {low:,}" if low == high else f"n = {low:,}–{high:,}"
