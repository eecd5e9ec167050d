"""Training: torch meets images.

Contrastive training of Rainmer's encoder (chromatic, degradation and detail views), of AirNet's
encoder (momentum contrast against a queue), and of Rainmer's restorer together with its encoder,
in one loop that can be interrupted at any step and continued to the same weights. Images come in
by value, as a `Pool` of arrays; where they come from is known in recipes alone.
"""

from __future__ import annotations

from rainmer_analysis.train.card import as_toml, hardware, model_card
from rainmer_analysis.train.config import DataConfig, TrainConfig, read_config, shipped_configs
from rainmer_analysis.train.config.crossed import CAMERA, CLEAR
from rainmer_analysis.train.contrast import AirNetObjective, EncoderObjective
from rainmer_analysis.train.crossed import (
    CrossedBlock,
    CrossedObjective,
    CrossedPool,
    build_crossed_pool,
    describe_degradation,
    open_crossed_pool,
)
from rainmer_analysis.train.data import (
    Pool,
    Sample,
    as_levels,
    build_pool,
    open_pool,
    scenes_held_out,
    window,
)
from rainmer_analysis.train.loop import (
    CHECKPOINTS,
    Hooks,
    Objective,
    Outcome,
    Place,
    several,
    train,
)
from rainmer_analysis.train.restoration import RestorerObjective

__all__ = [
    "CAMERA",
    "CHECKPOINTS",
    "CLEAR",
    "AirNetObjective",
    "CrossedBlock",
    "CrossedObjective",
    "CrossedPool",
    "DataConfig",
    "EncoderObjective",
    "Hooks",
    "Objective",
    "Outcome",
    "Place",
    "Pool",
    "RestorerObjective",
    "Sample",
    "TrainConfig",
    "as_levels",
    "as_toml",
    "build_crossed_pool",
    "build_pool",
    "describe_degradation",
    "hardware",
    "model_card",
    "open_crossed_pool",
    "open_pool",
    "read_config",
    "scenes_held_out",
    "several",
    "shipped_configs",
    "train",
    "window",
]
