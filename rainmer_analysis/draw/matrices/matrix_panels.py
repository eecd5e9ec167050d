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

from rainmer_analysis.draw.labels import short_labels
from rainmer_analysis.draw.layout import Grid, axes_at, letter, panel_title, title_rise
from rainmer_analysis.draw.matrices.cells import draw_numbers
from rainmer_analysis.draw.matrices.look import MatrixLook, row_labels
from rainmer_analysis.draw.matrices.scale import colours_of
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["draw_matrices"]


def draw_matrices(
    figure: Figure,
    matrices: Sequence[RelationshipMatrix],
    grid: Grid,
    *,
    titles: Sequence[str],
    look: MatrixLook,
    letters: str = "",
) -> dict[str, Any]:
    """Draw each matrix into its place of the grid and give the artists by name."""
    artists: dict[str, Any] = {}
    for index, (value, title) in enumerate(zip(matrices, titles, strict=True)):
        axes = axes_at(figure, grid.rect(index))
        named = index % grid.columns == 0 or not look.shared
        rows = row_labels(value, alone=len(matrices) == 1) if named else [""] * len(value.datasets)
        mesh = _mesh(axes, value, look, rows=rows)
        (heading,) = panel_title(axes, title, indent=15.0 if letters else 0.0)
        if letters:
            artists[f"letter/{index}"] = letter(axes, f"({letters[index]})", rise=title_rise(0))
        artists |= {
            f"axes/{index}": axes,
            f"title/{index}": heading,
            f"mesh/{index}": mesh,
            f"missing/{index}": _missing(axes, value),
            f"cells/{index}": draw_numbers(axes, value, mesh, room=grid.width * 72),
        }
    return artists


def _mesh(axes: Axes, value: RelationshipMatrix, look: MatrixLook, *, rows: list[str]) -> QuadMesh:
    labels = list(short_labels(value.datasets).values())
    seaborn.heatmap(
        value.values,
        ax=axes,
        cmap=colours_of(look),
        vmin=look.lowest,
        vmax=look.limit,
        cbar=False,
        square=True,
        linecolor="white",
        linewidths=0.5 if len(labels) <= 15 else 0.25,
        xticklabels=labels,
        yticklabels=rows,
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
