"""Image files restored, and restored ones compared with their targets."""

from __future__ import annotations

from rainmer_analysis.recipes.restoration.derain_files import Derained, derain
from rainmer_analysis.recipes.restoration.evaluate_files import evaluate
from rainmer_analysis.recipes.restoration.evaluation_report import Evaluation, ImageQuality

__all__ = ["Derained", "Evaluation", "ImageQuality", "derain", "evaluate"]
