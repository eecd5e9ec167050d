"""Scores from capped, seeded samples of rows."""

from __future__ import annotations

from rainmer_analysis.scores.sampled.sample_scores import (
    CLASSIFIER,
    ENERGY,
    FRECHET,
    MMD,
    NEIGHBOURS,
    SLICED,
)

__all__ = ["CLASSIFIER", "ENERGY", "FRECHET", "MMD", "NEIGHBOURS", "SLICED"]
