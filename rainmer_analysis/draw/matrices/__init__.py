"""Matrices of scores between datasets.

`plot_matrix` draws them; the figures of the paper take panels, look and scale one by one.
"""

from __future__ import annotations

from rainmer_analysis.draw.matrices.intervals import plot_intervals
from rainmer_analysis.draw.matrices.look import MatrixLook, matrix_grid, matrix_look
from rainmer_analysis.draw.matrices.panels import draw_matrices
from rainmer_analysis.draw.matrices.plot import about_matrix, plot_matrix
from rainmer_analysis.draw.matrices.scale import BAR_ROOM, colour_scale

__all__ = [
    "BAR_ROOM",
    "MatrixLook",
    "about_matrix",
    "colour_scale",
    "draw_matrices",
    "matrix_grid",
    "matrix_look",
    "plot_intervals",
    "plot_matrix",
]
