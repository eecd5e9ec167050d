"""What an embedding space knows: of scenes, of weather, and of how much of it there is.

A `Design` crosses simulated scenes with draws of weather and with ladders; `render_or_load_design`
renders its images once; `probe_encoder` encodes them and measures each view.
"""

from __future__ import annotations

from rainmer_analysis.probing.ladder_definitions import LADDERS
from rainmer_analysis.probing.neighbour_accuracy import NeighbourHits, neighbour_hits
from rainmer_analysis.probing.probe_design import Design
from rainmer_analysis.probing.probe_images import DesignImages, encode_design, render_or_load_design
from rainmer_analysis.probing.space_probe import (
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
    "LadderProbe",
    "NeighbourHits",
    "SpaceProbe",
    "encode_design",
    "measure_space",
    "neighbour_hits",
    "probe_encoder",
    "render_or_load_design",
]
