"""Images and weather make a pool of training images, made once and opened afterwards."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rainmer_analysis.recipes.training.cached_pool import open_cached_or_make
from rainmer_analysis.recipes.training.render_pairs import (
    make_sample_or_reason,
    samples_logging_failures,
)
from rainmer_analysis.recipes.training.training_pairs import pairs_digest, training_pair_jobs
from rainmer_analysis.recipes.worker_processes import map_in_processes
from rainmer_analysis.train import Pool, TrainConfig, build_pool, open_pool

__all__ = ["make_or_open_pair_pool"]


def make_or_open_pair_pool(config: TrainConfig, cache: Path, *, workers: int = 2) -> Pool:
    """Make the training images of a configuration, or open those that were made before.

    `cache` is the folder of pools; `workers` are processes, where 0 works in this one.

    Raises
    ------
    SourceError
        The folder of real photographs, or one named below it, does not exist or is empty.
    """
    data, jobs = config.data, list(training_pair_jobs(config))
    tasks = [(job, (data.height, data.width), data.native, data.seed) for job in jobs]

    def make_in_folder(folder: Path, identity: str) -> Pool:
        with closing(
            map_in_processes(make_sample_or_reason, tasks, workers=workers, chunk_size=16)
        ) as made:
            samples = samples_logging_failures(made)
            return build_pool(samples, folder, count=len(jobs), digest=identity)

    return open_cached_or_make(
        cache,
        lambda: pairs_digest(config, jobs),
        open_folder=open_pool,
        make=make_in_folder,
        what=f"{len(jobs)} training pairs",
    )
