"""Intervals, permutations of scenes, and the adjustment for many pairs."""

from __future__ import annotations

from rainmer_analysis.scores.inference.bootstrap_and_subsample_intervals import (
    clip_interval_to_bounds,
    interval_from_resamples,
    subsample_interval,
)
from rainmer_analysis.scores.inference.false_discovery import benjamini_hochberg
from rainmer_analysis.scores.inference.permutation_test import permutation_p_value

__all__ = [
    "benjamini_hochberg",
    "clip_interval_to_bounds",
    "interval_from_resamples",
    "permutation_p_value",
    "subsample_interval",
]
