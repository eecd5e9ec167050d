"""The one colour scale of all panels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rainmer_analysis.draw.figure import axes_at
from rainmer_analysis.draw.matrices.matrix_style import MatrixStyle, format_signed
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["BAR_ROOM", "COLOURS", "add_colour_bar", "colour_map"]

COLOURS = "RdBu_r"
BAR_ROOM = 0.46
"""Inches that the colour scale takes under the matrices."""


def add_colour_bar(
    figure: Figure, matrices: Sequence[RelationshipMatrix], shared_style: MatrixStyle, *, top: float
) -> Colorbar:
    """Draw the one scale of all panels, `top` inches below the figure's upper edge."""
    across = figure.get_size_inches()[0]
    length = min(2.6, across - 0.8)
    axes = axes_at(figure, ((across - length) / 2, top, length, 0.09))
    scores = {value.score for value in matrices}
    bar = figure.colorbar(_scalar_mappable(shared_style), cax=axes, orientation="horizontal")
    bar.set_ticks(_ticks_within_scale(shared_style))
    bar.ax.xaxis.set_major_formatter(_tick_label)
    bar.set_label(f"{scores.pop()} score" if len(scores) == 1 else "score")
    bar.outline.set_linewidth(0.5)
    return bar


def _ticks_within_scale(shared_style: MatrixStyle) -> list[float]:
    """Return round numbers within the scale."""
    found = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(
        shared_style.lowest, shared_style.limit
    )
    return [float(each) for each in found if shared_style.lowest <= each <= shared_style.limit]


def _tick_label(value: float, _position: float) -> str:
    return format_signed(value, ".3g")


def colour_map(shared_style: MatrixStyle) -> Colormap:
    """Return the diverging colours, or their upper half for distances."""
    whole = colormaps[COLOURS]
    if shared_style.lowest < 0:
        return whole
    return LinearSegmentedColormap.from_list(f"{COLOURS}_upper", whole(np.linspace(0.5, 1, 128)))


def _scalar_mappable(shared_style: MatrixStyle) -> ScalarMappable:
    return ScalarMappable(
        Normalize(shared_style.lowest, shared_style.limit), colour_map(shared_style)
    )
