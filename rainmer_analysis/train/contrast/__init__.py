"""Contrastive training of encoders: Rainmer's three views, AirNet's queue."""

from __future__ import annotations

from rainmer_analysis.train.contrast.airnet_queue import AirNetTrainable
from rainmer_analysis.train.contrast.rainmer_trainable import RainmerTrainable

__all__ = ["AirNetTrainable", "RainmerTrainable"]
