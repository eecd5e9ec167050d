"""Training a network: images and weather make a pool; pool and configuration make weights."""

from __future__ import annotations

from rainmer_analysis.recipes.training.make_or_open_pair_pool import make_or_open_pair_pool
from rainmer_analysis.recipes.training.train_network import TrainingRun, train_network

__all__ = ["TrainingRun", "make_or_open_pair_pool", "train_network"]
