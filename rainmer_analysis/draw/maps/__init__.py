"""Maps of the sphere.

`plot_map` draws them; the figures of the paper take panels, look and legend one by one.
"""

from __future__ import annotations

from rainmer_analysis.draw.maps.look import legend_entries, map_look
from rainmer_analysis.draw.maps.notes import short_notes
from rainmer_analysis.draw.maps.panels import MapPanel, draw_maps, map_grid
from rainmer_analysis.draw.maps.plot import about_map, plot_map
from rainmer_analysis.draw.maps.projections import view_of

__all__ = [
    "MapPanel",
    "about_map",
    "draw_maps",
    "legend_entries",
    "map_grid",
    "map_look",
    "plot_map",
    "short_notes",
    "view_of",
]
