"""Matrices of scores between datasets.

`plot_matrix` draws them; the figures of the paper take panels, style and scale one by one.
"""

from __future__ import annotations

from rainmer_analysis.draw.matrices.colour_scale import BAR_ROOM, add_colour_bar
from rainmer_analysis.draw.matrices.interval_plot import plot_intervals
from rainmer_analysis.draw.matrices.matrix_panels import add_matrix_panels
from rainmer_analysis.draw.matrices.matrix_plot import matrix_provenance, plot_matrix
from rainmer_analysis.draw.matrices.matrix_style import (
    MatrixStyle,
    choose_matrix_style,
    matrix_grid,
)

__all__ = [
    "BAR_ROOM",
    "MatrixStyle",
    "add_colour_bar",
    "add_matrix_panels",
    "choose_matrix_style",
    "matrix_grid",
    "matrix_provenance",
    "plot_intervals",
    "plot_matrix",
]
