"""Training a network: images and weather make a pool; pool and configuration make weights."""

from __future__ import annotations

from rainmer_analysis.recipes.training.jobs import training_scenes
from rainmer_analysis.recipes.training.pool import make_pool
from rainmer_analysis.recipes.training.run import TrainingRun, train_network

__all__ = ["TrainingRun", "make_pool", "train_network", "training_scenes"]
