"""The look that all panels share, and the room that their names need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rainmer_analysis.draw.labels import short_labels
from rainmer_analysis.draw.layout import GAP, SMALLEST, Grid, grid_of, new_figure
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["MatrixLook", "longest", "matrix_grid", "matrix_look"]

_HEAD = 0.22


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


def matrix_look(
    matrices: Sequence[RelationshipMatrix], *, columns: int, width: float
) -> MatrixLook:
    """Choose the shared limits (at least -1 to 1) and measure the names.

    Where all panels show the same datasets, only the leftmost ones carry names at the left.
    """
    finite = [value.values[np.isfinite(value.values)] for value in matrices]
    peak = max((float(np.abs(cells).max()) for cells in finite if cells.size), default=1.0)
    most = max(len(value.datasets) for value in matrices)
    size = float(np.clip(0.8 * 72 * (width - 1.2) / columns / most, SMALLEST, 6.5))
    labels = [text for value in matrices for text in short_labels(value.datasets).values()]
    across = longest(labels, size) + 0.07
    cell = (width - across - 0.22 - GAP * (columns - 1)) / columns / most
    turned = across > cell + 0.02
    shared = len({value.datasets for value in matrices}) == 1
    return MatrixLook(max(1.0, peak), across, across if turned else 0.15, size, turned, shared)


def longest(labels: Sequence[str], size: float) -> float:
    """Give the width in inches of the longest of some words, at a size in points."""
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
