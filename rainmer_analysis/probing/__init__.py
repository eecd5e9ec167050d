"""What an embedding space knows: of scenes, of weather, and of how much of it there is.

A `Design` crosses simulated scenes with draws of weather and with ladders; `open_design` renders
its images once; `probe_encoder` encodes them and measures each view.
"""

from __future__ import annotations

from rainmer_analysis.probing.design import Design
from rainmer_analysis.probing.design_images import DesignImages, encode_design, open_design
from rainmer_analysis.probing.ladders import LADDERS, Ladder
from rainmer_analysis.probing.neighbour_accuracy import NeighbourHits, neighbour_hits
from rainmer_analysis.probing.space_measures import (
    Estimate,
    LadderProbe,
    SpaceProbe,
    measure_space,
    probe_encoder,
)

__all__ = [
    "LADDERS",
    "Design",
    "DesignImages",
    "Estimate",
    "Ladder",
    "LadderProbe",
    "NeighbourHits",
    "SpaceProbe",
    "encode_design",
    "measure_space",
    "neighbour_hits",
    "open_design",
    "probe_encoder",
]
