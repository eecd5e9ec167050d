"""Scores from sums that stream, each with its bootstrap resamples, and sketches made of them."""

from __future__ import annotations

from rainmer_analysis.scores.streaming.cosine_scores import (
    CENTRED,
    COSINE,
    DIRECTION,
    PAPER,
    ceiling_with_interval,
)
from rainmer_analysis.scores.streaming.scene_sums import (
    SceneSums,
    merge_sums,
    scene_sums_by_dataset,
    sum_scenes,
)
from rainmer_analysis.scores.streaming.sketch import Sketch, sketch, summaries_of_sketches
from rainmer_analysis.scores.streaming.sketch_files import (
    read_sketch,
    read_sketch_request_digest,
    write_sketch,
)

__all__ = [
    "CENTRED",
    "COSINE",
    "DIRECTION",
    "PAPER",
    "SceneSums",
    "Sketch",
    "ceiling_with_interval",
    "merge_sums",
    "read_sketch",
    "read_sketch_request_digest",
    "scene_sums_by_dataset",
    "sketch",
    "sum_scenes",
    "summaries_of_sketches",
    "write_sketch",
]
