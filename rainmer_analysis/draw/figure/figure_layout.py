"""Paper in inches: figures without windows, axes from the top left, words that fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from rainmer_analysis.draw.figure.readable_labels import escape_missing_glyphs
from rainmer_analysis.draw.figure.style import MUTED
from rainmer_analysis.errors import ParameterError

__all__ = [
    "GAP",
    "SMALLEST",
    "Grid",
    "add_headline",
    "add_panel_letter",
    "add_panel_title_and_notes",
    "as_tuple",
    "axes_at",
    "divide_into_panels",
    "new_figure",
    "panel_titles",
    "text_size_inches",
    "title_baseline_points",
]

T = TypeVar("T")
GAP = 0.2
"""Inches between neighbouring panels."""
SMALLEST = 6.0
"""Points of the smallest words."""
_NOTE_SIZE, _NOTE_LINE = 6.0, 8.5  # points


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

    @property
    def right(self) -> float:
        """The right edge of the last column, in inches from the left."""
        return self.left + self.columns * (self.width + self.gap) - self.gap

    def rect(self, index: int) -> tuple[float, float, float, float]:
        """Return (left, top, width, height) of one panel."""
        row, column = divmod(index, self.columns)
        return (
            self.left + column * (self.width + self.gap),
            self.top + row * self.step,
            self.width,
            self.height,
        )


def divide_into_panels(
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


def as_tuple(given: T | Sequence[T], kind: type[T]) -> tuple[T, ...]:
    """Return one value or several of the same kind as a tuple.

    Raises ParameterError: there is none, or one is of another kind.
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
    """Return one title per panel, the default where none is given.

    Raises ParameterError: the numbers differ.
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
    """Return an empty figure in inches that no pyplot state knows."""
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


def add_headline(figure: Figure, text: str) -> Text:
    """Write the line above all panels, as large as the width allows."""
    across, down = figure.get_size_inches()
    label = figure.text(
        0.5,
        1 - 0.09 / down,
        escape_missing_glyphs(text),
        ha="center",
        va="top",
        fontsize=9,
        weight="bold",
    )
    return _shrink_to_width(label, across - 0.2)


def title_baseline_points(notes: int) -> float:
    """Return the points from a panel's upper edge to its title's baseline, above so many notes."""
    return 4.0 + _NOTE_LINE * notes


def add_panel_title_and_notes(
    axes: Axes,
    text: str,
    *,
    notes: Sequence[str] = (),
    indent: float = 0.0,
    rise: float = title_baseline_points(0),
) -> list[Text]:
    """Write a panel's title above its left edge, and small notes, one a line, under the title.

    Parameters
    ----------
    notes
        From the uppermost.
    indent
        Points to leave free at the left, for the panel's letter.
    rise
        Points from the panel's upper edge to the title's baseline.

    Returns
    -------
    The title and the notes.
    """
    title = _add_text_above_axes(axes, text, (indent, rise))
    title.set_fontsize(8)
    found = [title]
    for line, note in enumerate(notes, start=1):
        small = _add_text_above_axes(axes, note, (indent, rise - _NOTE_LINE * line))
        small.set(fontsize=_NOTE_SIZE, color=MUTED)
        found.append(small)
    return [_shrink_to_width(words, _axes_width_inches(axes) - indent / 72) for words in found]


def add_panel_letter(axes: Axes, text: str, *, rise: float) -> Text:
    """Write a panel's letter in bold at the left end of its title line."""
    label = _add_text_above_axes(axes, text, (0, rise))
    label.set(fontsize=8, weight="bold")
    return label


def _add_text_above_axes(axes: Axes, text: str, offset: tuple[float, float]) -> Text:
    """Write at so many points from the panel's upper left corner."""
    words = axes.annotate(
        escape_missing_glyphs(text), (0, 1), offset, "axes fraction", textcoords="offset points"
    )
    words.set(va="baseline", ha="left", annotation_clip=False)
    return words


def _axes_width_inches(axes: Axes) -> float:
    return float(axes.get_position().width * axes.get_figure().get_size_inches()[0])  # type: ignore[union-attr]


def _shrink_to_width(label: Text, width: float) -> Text:
    """Make a text smaller, then shorter, until it is at most `width` inches wide."""
    words, size = label.get_text(), float(label.get_fontsize())
    while text_size_inches(label)[0] > width and size > SMALLEST:
        size = max(SMALLEST, size - 0.5)
        label.set_fontsize(size)
    while text_size_inches(label)[0] > width and len(words) > 2:
        words = words[
            : max(1, math.floor(len(words) * min(0.97, width / text_size_inches(label)[0])))
        ]
        label.set_text(words.rstrip() + "…")
    return label


def text_size_inches(label: Text) -> tuple[float, float]:
    """Return a text's width and height in inches."""
    figure = label.get_figure(root=True)
    box = label.get_window_extent(figure.canvas.get_renderer())  # type: ignore[union-attr]
    return box.width / figure.dpi, box.height / figure.dpi  # type: ignore[union-attr]
