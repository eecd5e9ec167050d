"""The pool that a configuration trains on: of pairs, or of crossed blocks."""

from __future__ import annotations

from pathlib import Path

from rainmer_analysis.recipes.training.make_or_open_crossed_pool import make_or_open_crossed_pool
from rainmer_analysis.recipes.training.make_or_open_pair_pool import make_or_open_pair_pool
from rainmer_analysis.train import CrossedPool, Pool, TrainConfig

__all__ = ["make_or_open_training_pool"]


def make_or_open_training_pool(
    config: TrainConfig, cache: Path, workers: int
) -> Pool | CrossedPool:
    """Make the training images of a configuration, or open those that were made before."""
    make = make_or_open_crossed_pool if config.is_crossed else make_or_open_pair_pool
    return make(config, cache, workers=workers)
