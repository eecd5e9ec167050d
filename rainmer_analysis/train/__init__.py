"""Training: torch meets images.

Contrastive training of Rainmer's encoder (chromatic, degradation and detail views) and of
AirNet's encoder (momentum contrast against a queue), as plain single-process loops that can be
interrupted at any step and continued to the same weights. Images come in by value, as a `Pool`
of arrays; where they come from is known in recipes alone.
"""

from __future__ import annotations

from rainmer_analysis.train.card import as_toml, model_card
from rainmer_analysis.train.config import DataConfig, TrainConfig, read_config, shipped_configs
from rainmer_analysis.train.contrast import RainmerObjective
from rainmer_analysis.train.data import Pool, Sample, as_levels, build_pool, open_pool, window
from rainmer_analysis.train.loop import Objective, Outcome, train
from rainmer_analysis.train.moco import AirNetObjective

__all__ = [
    "AirNetObjective",
    "DataConfig",
    "Objective",
    "Outcome",
    "Pool",
    "RainmerObjective",
    "Sample",
    "TrainConfig",
    "as_levels",
    "as_toml",
    "build_pool",
    "model_card",
    "open_pool",
    "read_config",
    "shipped_configs",
    "train",
    "window",
]
