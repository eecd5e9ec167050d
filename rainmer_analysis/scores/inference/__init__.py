"""Intervals, permutations of scenes, and the adjustment for many pairs."""

from __future__ import annotations

from rainmer_analysis.scores.inference.false_discovery import benjamini_hochberg
from rainmer_analysis.scores.inference.permutation_test import permutation_p_value
from rainmer_analysis.scores.inference.score_intervals import (
    bootstrap_interval,
    clip_interval_to_bounds,
    subsample_interval,
)

__all__ = [
    "benjamini_hochberg",
    "bootstrap_interval",
    "clip_interval_to_bounds",
    "permutation_p_value",
    "subsample_interval",
]
