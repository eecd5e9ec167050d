"""Image files restored, and restored ones compared with their targets."""

from __future__ import annotations

from rainmer_analysis.recipes.restoration.derain import Derained, derain
from rainmer_analysis.recipes.restoration.evaluate import Evaluation, evaluate
from rainmer_analysis.recipes.restoration.gain import (
    Gain,
    Improvement,
    KnownPair,
    improvements,
    mean_gains,
)

__all__ = [
    "Derained",
    "Evaluation",
    "Gain",
    "Improvement",
    "KnownPair",
    "derain",
    "evaluate",
    "improvements",
    "mean_gains",
]
