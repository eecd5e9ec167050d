"""Contrastive training of encoders: Rainmer's three views, AirNet's queue."""

from __future__ import annotations

from rainmer_analysis.train.contrast.encoder import EncoderObjective
from rainmer_analysis.train.contrast.queue import AirNetObjective

__all__ = ["AirNetObjective", "EncoderObjective"]
