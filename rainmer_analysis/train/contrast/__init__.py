"""Contrastive training of encoders: Rainmer's three views, AirNet's queue."""

from __future__ import annotations

from rainmer_analysis.train.contrast.airnet_queue import AirNetTrainable
from rainmer_analysis.train.contrast.contrast_batch_builder import ContrastBatchBuilder
from rainmer_analysis.train.contrast.hard_negatives import Flip
from rainmer_analysis.train.contrast.momentum_contrast import (
    CONTRAST_NUMBERS,
    ContrastBatch,
    compare_views,
    contrast_loss,
)
from rainmer_analysis.train.contrast.rainmer_trainable import RainmerTrainable

__all__ = [
    "CONTRAST_NUMBERS",
    "AirNetTrainable",
    "ContrastBatch",
    "ContrastBatchBuilder",
    "Flip",
    "RainmerTrainable",
    "compare_views",
    "contrast_loss",
]
