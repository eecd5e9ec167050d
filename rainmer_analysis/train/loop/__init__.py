"""The loop that trains any objective: steps, checkpoints, log, processes."""

from __future__ import annotations

from rainmer_analysis.distributed import DistributedContext, init_distributed
from rainmer_analysis.train.loop.checkpoints import CHECKPOINTS, load_checkpoint, save_checkpoint
from rainmer_analysis.train.loop.run_state_and_hooks import Hooks, Outcome
from rainmer_analysis.train.loop.trainable import (
    ParameterGroup,
    Trainable,
    average_numbers,
    momentum_update,
)
from rainmer_analysis.train.loop.training_loop import train

__all__ = [
    "CHECKPOINTS",
    "DistributedContext",
    "Hooks",
    "Outcome",
    "ParameterGroup",
    "Trainable",
    "average_numbers",
    "init_distributed",
    "load_checkpoint",
    "momentum_update",
    "save_checkpoint",
    "train",
]
