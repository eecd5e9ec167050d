"""Image files restored, and restored ones compared with their targets."""

from __future__ import annotations

from rainmer_analysis.recipes.restoration.derain import Derained, derain
from rainmer_analysis.recipes.restoration.evaluate import Evaluation, evaluate

__all__ = ["Derained", "Evaluation", "derain", "evaluate"]
