"""What every picture is made of: the drawing with its named artists, layout, labels, style."""

from __future__ import annotations

from rainmer_analysis.draw.figure.drawing import (
    Drawing,
    drawing_libraries,
    drawing_platform,
    provenance_path,
)
from rainmer_analysis.draw.figure.figure_layout import (
    GAP,
    SMALLEST,
    Grid,
    as_tuple,
    axes_at,
    divide_into_panels,
    new_figure,
    panel_titles,
    title_baseline_points,
    write_headline,
    write_panel_letter,
    write_panel_title,
)
from rainmer_analysis.draw.figure.labels import short_labels
from rainmer_analysis.draw.figure.legends import (
    Entry,
    add_legend,
    counts_text,
    dot_entry,
    legend_shape,
)
from rainmer_analysis.draw.figure.style import (
    INK,
    MUTED,
    PALETTE,
    WIDTH,
    assign_colours,
    assign_markers,
    ink_on,
    luminance,
    marker_outline,
    style_context,
)

__all__ = [
    "GAP",
    "INK",
    "MUTED",
    "PALETTE",
    "SMALLEST",
    "WIDTH",
    "Drawing",
    "Entry",
    "Grid",
    "add_legend",
    "as_tuple",
    "assign_colours",
    "assign_markers",
    "axes_at",
    "counts_text",
    "divide_into_panels",
    "dot_entry",
    "drawing_libraries",
    "drawing_platform",
    "ink_on",
    "legend_shape",
    "luminance",
    "marker_outline",
    "new_figure",
    "panel_titles",
    "provenance_path",
    "short_labels",
    "style_context",
    "title_baseline_points",
    "write_headline",
    "write_panel_letter",
    "write_panel_title",
]
