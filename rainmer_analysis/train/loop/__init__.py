"""The loop that trains any objective: steps, checkpoints, log, processes."""

from __future__ import annotations

from rainmer_analysis.train.loop.checkpoints import CHECKPOINTS, load_state, save_state
from rainmer_analysis.train.loop.objective import Group, Objective, mean_numbers
from rainmer_analysis.train.loop.parallel import Place, several
from rainmer_analysis.train.loop.progress import Hooks, Outcome
from rainmer_analysis.train.loop.run import train
from rainmer_analysis.train.loop.schedule import learning_rate

__all__ = [
    "CHECKPOINTS",
    "Group",
    "Hooks",
    "Objective",
    "Outcome",
    "Place",
    "learning_rate",
    "load_state",
    "mean_numbers",
    "save_state",
    "several",
    "train",
]
