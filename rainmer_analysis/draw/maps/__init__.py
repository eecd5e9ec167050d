"""Maps of the sphere.

`plot_map` draws them; the figures of the paper take panels, style and legend one by one.
"""

from __future__ import annotations

from rainmer_analysis.draw.maps.map_notes import neighbourhood_notes
from rainmer_analysis.draw.maps.map_panels import MapPanel, add_map_panels, map_grid
from rainmer_analysis.draw.maps.map_plot import map_count_and_digests, map_provenance, plot_map
from rainmer_analysis.draw.maps.map_style import MapStyle, choose_map_style, dataset_legend_entries

__all__ = [
    "MapPanel",
    "MapStyle",
    "add_map_panels",
    "choose_map_style",
    "dataset_legend_entries",
    "map_count_and_digests",
    "map_grid",
    "map_provenance",
    "neighbourhood_notes",
    "plot_map",
]
