"""Intervals, permutations of scenes, and the adjustment for many pairs."""

from __future__ import annotations

from rainmer_analysis.scores.inference.adjust import adjust
from rainmer_analysis.scores.inference.interval import bootstrap_interval, subsample_interval
from rainmer_analysis.scores.inference.permutation import permutation_p

__all__ = ["adjust", "bootstrap_interval", "permutation_p", "subsample_interval"]
