"""What every picture is made of: the drawing with its named artists, layout, labels, style."""

from __future__ import annotations

from rainmer_analysis.draw.figure.drawing import (
    Drawing,
    drawing_library_versions,
    drawing_platform,
    provenance_path,
)
from rainmer_analysis.draw.figure.figure_layout import (
    GAP,
    SMALLEST,
    Grid,
    add_headline,
    add_panel_letter,
    add_panel_title_and_notes,
    as_tuple,
    axes_at,
    divide_into_panels,
    new_figure,
    panel_titles,
    title_baseline_points,
)
from rainmer_analysis.draw.figure.legends import (
    LegendEntry,
    add_legend,
    counts_text,
    dot_legend_entry,
    legend_columns_and_height,
)
from rainmer_analysis.draw.figure.readable_labels import short_labels
from rainmer_analysis.draw.figure.style import (
    INK,
    MUTED,
    PALETTE,
    WIDTH,
    assign_colours,
    assign_markers,
    luminance,
    marker_outline,
    style_context,
    text_colour_on,
)

__all__ = [
    "GAP",
    "INK",
    "MUTED",
    "PALETTE",
    "SMALLEST",
    "WIDTH",
    "Drawing",
    "Grid",
    "LegendEntry",
    "add_headline",
    "add_legend",
    "add_panel_letter",
    "add_panel_title_and_notes",
    "as_tuple",
    "assign_colours",
    "assign_markers",
    "axes_at",
    "counts_text",
    "divide_into_panels",
    "dot_legend_entry",
    "drawing_library_versions",
    "drawing_platform",
    "legend_columns_and_height",
    "luminance",
    "marker_outline",
    "new_figure",
    "panel_titles",
    "provenance_path",
    "short_labels",
    "style_context",
    "text_colour_on",
    "title_baseline_points",
]
