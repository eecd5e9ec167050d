"""New rows on a map that stands, and how surely they are placed.

`place_by_neighbours` puts rows between their neighbours; `calibrate_placement` learns, from scenes
held out of the map in turn, how far such places lie from where a joint layout puts the same rows.
"""

from __future__ import annotations

from rainmer_analysis.sphere.placement.neighbour_placement import Placement, place_by_neighbours
from rainmer_analysis.sphere.placement.placement_calibration import (
    PlacementCalibration,
    calibrate_placement,
    check_level,
)

__all__ = [
    "Placement",
    "PlacementCalibration",
    "calibrate_placement",
    "check_level",
    "place_by_neighbours",
]
