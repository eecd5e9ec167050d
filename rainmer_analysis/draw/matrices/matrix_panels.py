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

from rainmer_analysis.draw.figure_layout import (
    Grid,
    axes_at,
    title_baseline_points,
    write_panel_letter,
    write_panel_title,
)
from rainmer_analysis.draw.labels import short_labels
from rainmer_analysis.draw.matrices.cell_numbers import draw_numbers
from rainmer_analysis.draw.matrices.colour_scale import colour_map
from rainmer_analysis.draw.matrices.matrix_style import MatrixStyle, row_labels
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["draw_matrices"]


def draw_matrices(
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
        mesh = _draw_mesh(axes, value, shared_style, rows=rows)
        (heading,) = write_panel_title(axes, title, indent=15.0 if letters else 0.0)
        if letters:
            artists[f"letter/{index}"] = write_panel_letter(
                axes, f"({letters[index]})", rise=title_baseline_points(0)
            )
        artists |= {
            f"axes/{index}": axes,
            f"title/{index}": heading,
            f"mesh/{index}": mesh,
            f"missing/{index}": _hatch_missing_cells(axes, value),
            f"cells/{index}": draw_numbers(axes, value, mesh, room=grid.width * 72),
        }
    return artists


def _draw_mesh(
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
