"""Draws of weather and clean scenes make a pool of crossed blocks, made once, opened afterwards."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rainmer_analysis.recipes.training.cached_pool import open_cached_or_make
from rainmer_analysis.recipes.training.crossed_tasks import (
    block_tasks_and_validation_flags,
    blocks_digest,
)
from rainmer_analysis.recipes.training.render_crossed_block import render_crossed_block
from rainmer_analysis.recipes.worker_processes import map_in_processes
from rainmer_analysis.train import CrossedPool, TrainConfig, build_crossed_pool, open_crossed_pool

__all__ = ["make_or_open_crossed_pool"]


def make_or_open_crossed_pool(config: TrainConfig, cache: Path, *, workers: int = 2) -> CrossedPool:
    """Make the crossed blocks of a configuration, or open those that were made before.

    `cache` is the folder of pools; `workers` are processes, where 0 works in this one.

    Raises
    ------
    ConfigError
        A draw is of an unknown recipe.
    SourceError
        The folder of real photographs, or one named below it, does not exist or is empty.
    """
    tasks, validation = block_tasks_and_validation_flags(config)

    def make_in_folder(folder: Path, identity: str) -> CrossedPool:
        with closing(map_in_processes(render_crossed_block, tasks, workers=workers)) as made:
            return build_crossed_pool(made, folder, validation=validation, digest=identity)

    images = sum(len(task.draws) * len(task.scenes) for task in tasks)
    return open_cached_or_make(
        cache,
        lambda: blocks_digest(tasks),
        open_folder=open_crossed_pool,
        make=make_in_folder,
        what=f"{images} images in {len(tasks)} crossed blocks",
    )
