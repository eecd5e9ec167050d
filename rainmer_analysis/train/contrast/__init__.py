"""Contrastive training of encoders: Rainmer's three views, AirNet's queue."""

from __future__ import annotations

from rainmer_analysis.train.contrast.airnet_queue import AirNetTrainable
from rainmer_analysis.train.contrast.contrast_batch import Batch
from rainmer_analysis.train.contrast.hard_negatives import Flip
from rainmer_analysis.train.contrast.momentum_contrast import (
    CONTRAST_NUMBERS,
    autocast,
    compare,
    contrast_loss,
    momentum_update,
)
from rainmer_analysis.train.contrast.rainmer_trainable import (
    RainmerTrainable,
    contrast_batch_builder,
)

__all__ = [
    "CONTRAST_NUMBERS",
    "AirNetTrainable",
    "Batch",
    "Flip",
    "RainmerTrainable",
    "autocast",
    "compare",
    "contrast_batch_builder",
    "contrast_loss",
    "momentum_update",
]
