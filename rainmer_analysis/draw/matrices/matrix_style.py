"""The look that all panels share, and the room that their names need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rainmer_analysis.draw.figure import (
    GAP,
    SMALLEST,
    Grid,
    divide_into_panels,
    new_figure,
    short_labels,
)
from rainmer_analysis.values import RelationshipMatrix

__all__ = [
    "MatrixStyle",
    "choose_matrix_style",
    "format_signed",
    "longest_label_inches",
    "matrix_grid",
    "row_labels",
]

_HEAD = 0.22


@dataclass(frozen=True)
class MatrixStyle:
    """What all panels share: the scale's limits, labels, and the room they need.

    `across` and `down` are the inches that the longest label takes beside and below a panel;
    `label` is the font size of names in points, `turned` whether those below stand upright.
    """

    limit: float
    across: float
    down: float
    label: float
    turned: bool
    shared: bool
    lowest: float = -1.0


def choose_matrix_style(
    matrices: Sequence[RelationshipMatrix], *, columns: int, width: float
) -> MatrixStyle:
    """Choose the shared limits and measure the names.

    Limits are at least -1 to 1; distances, which need not come near 1, have theirs from 0 to the
    largest.

    Where all panels show the same datasets, only the leftmost ones carry names at the left.
    """
    finite = [value.values[np.isfinite(value.values)] for value in matrices]
    peak = max((float(np.abs(cells).max()) for cells in finite if cells.size), default=1.0)
    most = max(len(value.datasets) for value in matrices)
    size = float(np.clip(0.8 * 72 * (width - 1.2) / columns / most, SMALLEST, 6.5))
    labels = [text for value in matrices for text in row_labels(value, alone=len(matrices) == 1)]
    distances = all(value.is_distance for value in matrices)
    limit = (peak or 1.0) if distances else max(1.0, peak)
    across = longest_label_inches(labels, size) + 0.07
    cell = (width - across - 0.22 - GAP * (columns - 1)) / columns / most
    names = [text for value in matrices for text in short_labels(value.datasets).values()]
    turned = longest_label_inches(names, size) + 0.07 > cell + 0.02
    shared = len({value.datasets for value in matrices}) == 1
    below = longest_label_inches(names, size) + 0.07 if turned else 0.15
    return MatrixStyle(limit, across, below, size, turned, shared, 0.0 if distances else -limit)


def row_labels(value: RelationshipMatrix, *, alone: bool) -> list[str]:
    """Return the names of the rows; of a matrix by itself with their ceilings where known."""
    names = list(short_labels(value.datasets).values())
    if not alone or value.ceilings is None:
        return names
    return [
        name if np.isnan(found) else f"{name}\nceiling {format_signed(found, '.2f')}"
        for name, found in zip(names, value.ceilings[:, 0], strict=True)
    ]


def format_signed(value: float, form: str) -> str:
    """Format with a true minus sign, and zero without one."""
    text = format(value, form)
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def longest_label_inches(labels: Sequence[str], size: float) -> float:
    """Return the width in inches of the longest of some words, at a size in points."""
    figure = new_figure(1, 1)
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    texts = [figure.text(0, 0, label, fontsize=size) for label in dict.fromkeys(labels)]
    return max(float(text.get_window_extent(renderer).width) for text in texts) / figure.dpi


def matrix_grid(
    shared_style: MatrixStyle,
    *,
    columns: int,
    left: float,
    right: float,
    top: float = 0.04,
    gap: float = 0.18,
) -> Grid:
    """Return the places of square panels with room for titles and names."""
    return divide_into_panels(
        columns,
        left=left,
        right=right,
        top=top + _HEAD,
        aspect=1.0,
        between=_HEAD + shared_style.down + 0.1,
        gap=gap if shared_style.shared else shared_style.across + 0.12,
    )
