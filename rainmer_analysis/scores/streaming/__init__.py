"""Scores from sums that stream, each with its bootstrap resamples, and sketches made of them."""

from __future__ import annotations

from rainmer_analysis.scores.streaming.cosines import (
    CENTRED,
    COSINE,
    DIRECTION,
    PAPER,
    ceilings,
)
from rainmer_analysis.scores.streaming.sketch import Sketch, sketch
from rainmer_analysis.scores.streaming.sketch_files import (
    read_sketch,
    sketch_request,
    write_sketch,
)
from rainmer_analysis.scores.streaming.sums import SceneSums, merge_sums, sum_scenes

__all__ = [
    "CENTRED",
    "COSINE",
    "DIRECTION",
    "PAPER",
    "SceneSums",
    "Sketch",
    "ceilings",
    "merge_sums",
    "read_sketch",
    "sketch",
    "sketch_request",
    "sum_scenes",
    "write_sketch",
]
