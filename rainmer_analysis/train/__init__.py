"""Training: torch meets images.

Contrastive training of Rainmer's encoder (chromatic, degradation and detail views), of AirNet's
encoder (momentum contrast against a queue), and of Rainmer's restorer together with its encoder,
in one loop that can be interrupted at any step and continued to the same weights. Images come in
by value, as a `Pool` of arrays; where they come from is known in recipes alone.
"""

from __future__ import annotations

from rainmer_analysis.train.config import DataConfig, TrainConfig, config_as_toml, read_train_config
from rainmer_analysis.train.config.sections import CAMERA, CLEAR
from rainmer_analysis.train.contrast import AirNetTrainable, RainmerTrainable
from rainmer_analysis.train.crossed import (
    CrossedBlock,
    CrossedPool,
    CrossedTrainable,
    build_crossed_pool,
    describe_degradation,
    open_crossed_pool,
)
from rainmer_analysis.train.data import (
    Pool,
    Sample,
    build_pool,
    choose_held_out_scenes,
    cut_keyed_window,
    open_pool,
    to_8bit,
)
from rainmer_analysis.train.loop import (
    CHECKPOINTS,
    DistributedContext,
    Hooks,
    Outcome,
    Trainable,
    init_distributed,
    train,
)
from rainmer_analysis.train.model_card_text import describe_hardware, model_card_markdown
from rainmer_analysis.train.restoration import RestorerTrainable

__all__ = [
    "CAMERA",
    "CHECKPOINTS",
    "CLEAR",
    "AirNetTrainable",
    "CrossedBlock",
    "CrossedPool",
    "CrossedTrainable",
    "DataConfig",
    "DistributedContext",
    "Hooks",
    "Outcome",
    "Pool",
    "RainmerTrainable",
    "RestorerTrainable",
    "Sample",
    "TrainConfig",
    "Trainable",
    "build_crossed_pool",
    "build_pool",
    "choose_held_out_scenes",
    "config_as_toml",
    "cut_keyed_window",
    "describe_degradation",
    "describe_hardware",
    "init_distributed",
    "model_card_markdown",
    "open_crossed_pool",
    "open_pool",
    "read_train_config",
    "to_8bit",
    "train",
]
