"""Contrastive training of encoders: Rainmer's three views, AirNet's queue."""

from __future__ import annotations

from rainmer_analysis.train.contrast.airnet_trainable import AirNetTrainable
from rainmer_analysis.train.contrast.contrast_batch_builder import ContrastBatchBuilder
from rainmer_analysis.train.contrast.momentum_contrast import (
    CONTRAST_NUMBERS,
    ContrastBatch,
    contrast_loss,
    view_cosines,
)
from rainmer_analysis.train.contrast.negatives_and_augmentations import Flip
from rainmer_analysis.train.contrast.rainmer_trainable import RainmerTrainable

__all__ = [
    "CONTRAST_NUMBERS",
    "AirNetTrainable",
    "ContrastBatch",
    "ContrastBatchBuilder",
    "Flip",
    "RainmerTrainable",
    "contrast_loss",
    "view_cosines",
]
