"""Image files restored, and restored ones compared with their targets."""

from __future__ import annotations

from rainmer_analysis.recipes.restoration.derain_files import Derained, derain
from rainmer_analysis.recipes.restoration.evaluate_files import evaluate
from rainmer_analysis.recipes.restoration.evaluation_report import Evaluation, ImageQuality
from rainmer_analysis.recipes.restoration.gain_over_scenes import (
    Gain,
    KnownPair,
    QualityBeforeAfter,
    mean_gains,
    qualities_before_and_after,
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
    "mean_gains",
    "qualities_before_and_after",
]
