"""Image files restored, and restored ones compared with their targets."""

from __future__ import annotations

from rainmer_analysis.recipes.restoration.derain_files import Derained, derain
from rainmer_analysis.recipes.restoration.evaluate_files import evaluate
from rainmer_analysis.recipes.restoration.evaluation import Evaluation, ImageQuality
from rainmer_analysis.recipes.restoration.restoration_gain import (
    Gain,
    KnownPair,
    QualityBeforeAfter,
    improvements,
    mean_gains,
)

__all__ = [
    "Derained",
    "Evaluation",
    "Gain",
    "ImageQuality",
    "KnownPair",
    "QualityBeforeAfter",
    "derain",
    "evaluate",
    "improvements",
    "mean_gains",
]
