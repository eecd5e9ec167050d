"""New rows on a map that stands, and how surely they are placed.

`placed` puts rows between their neighbours; `calibrated` learns, from scenes held out of the map in
turn, how far such places lie from where a joint layout puts the same rows.
"""

from __future__ import annotations

from rainmer_analysis.sphere.placing.calibration import Calibration, calibrated, check_level
from rainmer_analysis.sphere.placing.places import Places, placed

__all__ = ["Calibration", "Places", "calibrated", "check_level", "placed"]
