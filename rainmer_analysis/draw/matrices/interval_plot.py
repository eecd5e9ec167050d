"""Every pair's score with its interval: what two decimals in a cell leave out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rainmer_analysis.draw.figure import (
    INK,
    MUTED,
    PALETTE,
    WIDTH,
    Drawing,
    add_headline,
    add_panel_title_and_notes,
    as_tuple,
    axes_at,
    new_figure,
    panel_titles,
    short_labels,
    style_context,
)
from rainmer_analysis.draw.matrices.matrix_plot import (
    default_matrix_title,
    interval_description,
    matrix_provenance,
)
from rainmer_analysis.draw.matrices.matrix_style import longest_label_inches
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import SIGNIFICANT, RelationshipMatrix, matrix_document

__all__ = ["plot_intervals"]

_LINE = 0.145
_COLOURS = {"pair": PALETTE[0], "ceiling": PALETTE[3]}


def plot_intervals(
    matrices: RelationshipMatrix | Sequence[RelationshipMatrix],
    *,
    titles: Sequence[str] | None = None,
    title: str = "",
) -> Drawing:
    """Draw the scores of all pairs with their intervals, one panel for each matrix.

    A line a pair, hollow where the null cannot tell the two datasets apart; below them each
    dataset's ceiling, what two halves of it score with each other.

    Raises ParameterError: no matrix, one without intervals, different datasets, or titles that do
    not fit.

    Parameters
    ----------
    matrices
        One matrix or several of the same datasets, with intervals.
    titles
        One per matrix; the space's name by default.
    title
        The line above.

    Returns
    -------
    Drawing
        With the artists ``axes/I``, ``title/I``, ``pairs/I`` (points by (row, column)),
        ``ceilings/I`` (points by row) for panel I from 0, and ``legend``.
    """
    found = _checked_comparable_intervals(as_tuple(matrices, RelationshipMatrix))
    names = panel_titles(titles, found, default_matrix_title)
    labels = _line_labels(found[0])
    top = 0.3 + (0.26 if title else 0.0)
    height = _LINE * (len(labels) + 0.6)
    with style_context():
        left = longest_label_inches(labels, 6.5) + 0.12
        figure = new_figure(WIDTH, top + height + 0.62)
        width = (WIDTH - left - 0.1 - 0.16 * (len(found) - 1)) / len(found)
        artists: dict[str, Any] = {}
        for index, (value, name) in enumerate(zip(found, names, strict=True)):
            place = (left + index * (width + 0.16), top, width, height)
            axes = axes_at(figure, place)
            artists |= _add_panel(axes, value, index, labels=labels if index == 0 else None)
            artists[f"title/{index}"] = add_panel_title_and_notes(axes, name)[0]
        if len({value.score for value in found}) == 1:
            _share_x_limits([artists[f"axes/{index}"] for index in range(len(found))])
        artists["legend"] = _add_legend(figure, found)
        if title:
            artists["headline"] = add_headline(figure, title)
    about = {
        "draws": "intervals",
        "title": title,
        "titles": list(names),
        "matrices": [matrix_provenance(value) for value in found],
    }
    return Drawing(figure, artists, about, {"matrices": [matrix_document(v) for v in found]})


def _checked_comparable_intervals(
    matrices: tuple[RelationshipMatrix, ...],
) -> tuple[RelationshipMatrix, ...]:
    first = matrices[0]
    for value in matrices:
        if value.low is None or value.high is None:
            raise ParameterError(
                f"the matrix of {default_matrix_title(value)} has no intervals to draw; "
                "make it with --resamples"
            )
        if value.datasets != first.datasets:
            raise ParameterError(
                f"matrices of {', '.join(first.datasets)} and of {', '.join(value.datasets)} came; "
                "give matrices of the same datasets in the same order"
            )
    return matrices


def _line_labels(value: RelationshipMatrix) -> list[str]:
    names = list(short_labels(value.datasets).values())
    pairs = [f"{one} – {other}" for one, other in combinations(names, 2)]
    return pairs if value.ceilings is None else [*pairs, *names]


def _add_panel(
    axes: Axes, value: RelationshipMatrix, index: int, *, labels: list[str] | None
) -> dict[str, Any]:
    assert value.low is not None
    assert value.high is not None
    pairs = list(combinations(range(len(value.datasets)), 2))
    points, rows = {}, {}
    for line, (a, b) in enumerate(pairs):
        bounds = float(value.low[a, b]), float(value.high[a, b])
        hollow = bool(value.undecided[a, b])
        points[a, b] = _add_score(axes, line, value.values[a, b], bounds, hollow=hollow)
    if value.ceilings is not None:
        for row, (found, low, high) in enumerate(value.ceilings):
            rows[row] = _add_score(axes, len(pairs) + row, found, (low, high), kind="ceiling")
    lines = len(pairs) + len(rows)
    axes.set_ylim(lines - 0.2, -0.8)
    axes.set_yticks(range(lines), labels or [""] * lines)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, prune="both"))  # neighbours' numbers keep apart
    axes.grid(axis="x")
    axes.spines[["left", "right", "top"]].set_visible(False)
    if not value.is_distance:
        axes.axvline(0.0, color=INK, linewidth=0.6, zorder=1)
    if rows:
        axes.axhline(len(pairs) - 0.5, color=MUTED, linewidth=0.4)
    axes.set_xlabel(f"{value.score} score")
    return {f"axes/{index}": axes, f"pairs/{index}": points, f"ceilings/{index}": rows}


def _share_x_limits(panels: Sequence[Axes]) -> None:
    limits = np.array([axes.get_xlim() for axes in panels])
    for axes in panels:
        axes.set_xlim(limits[:, 0].min(), limits[:, 1].max())


def _add_score(
    axes: Axes,
    line: int,
    value: float,
    bounds: tuple[float, float],
    *,
    hollow: bool = False,
    kind: str = "pair",
) -> Line2D | None:
    if not np.isfinite(value):
        return None
    colour = _COLOURS[kind]
    if np.isfinite(bounds).all():
        axes.plot(bounds, (line, line), color=colour, linewidth=1.2, solid_capstyle="butt")
    marker = "D" if kind == "ceiling" else "o"
    (point,) = axes.plot([value], [line], marker=marker, markersize=3.4, color=colour)
    point.set(markerfacecolor="white" if hollow else colour, markeredgewidth=0.8)
    return point


def _add_legend(figure: Figure, matrices: Sequence[RelationshipMatrix]) -> Any:
    named = f"two datasets, {interval_description(matrices)}"
    entries = [_legend_handle("o", "pair", filled=True, label=named)]
    if any(value.q is not None for value in matrices):
        undecided = f"not told apart from two halves of one set (q > {SIGNIFICANT})"
        entries.append(_legend_handle("o", "pair", filled=False, label=undecided))
    if any(value.ceilings is not None for value in matrices):
        entries.append(_legend_handle("D", "ceiling", filled=True, label="two halves of a dataset"))
    return figure.legend(
        handles=entries, loc="lower center", ncols=len(entries), bbox_to_anchor=(0.5, 0.008)
    )


def _legend_handle(marker: str, kind: str, *, filled: bool, label: str) -> Line2D:
    colour = _COLOURS[kind]
    face = colour if filled else "white"
    return Line2D(
        [], [], color=colour, marker=marker, markersize=3.4, markerfacecolor=face, label=label
    )
