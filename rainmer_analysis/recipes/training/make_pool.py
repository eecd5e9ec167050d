"""Images and weather make a pool of training images, made once and opened afterwards."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError, ImageError, SourceError
from rainmer_analysis.images import file_sha256, read_image, resize
from rainmer_analysis.recipes.training.training_pairs import PairJob, training_jobs
from rainmer_analysis.recipes.worker_processes import in_processes
from rainmer_analysis.train import (
    Pool,
    Sample,
    TrainConfig,
    build_pool,
    open_pool,
    to_8bit,
    window,
)
from rainmer_analysis.values import array_digest, digest
from rainmer_analysis.weather import RECIPES, degrade, draw_weather, simulate

__all__ = ["demand_same", "make_pool", "shrink_photograph", "weather_digest"]

_LOG = logging.getLogger(__name__)

# Photographs larger than twice this are reduced first: weather is drawn at its usual scale.
_SHORT_SIDE = 256

Image = NDArray[np.float32]


def make_pool(config: TrainConfig, cache: Path, *, workers: int = 2) -> Pool:
    """Make the training images of a configuration, or open those that were made before.

    Parameters
    ----------
    config
        Its data section decides.
    cache
        Folder of pools.
    workers
        Processes; 0 works in this one.

    Raises
    ------
    SourceError
        The folder of real photographs, or one named below it, does not exist or is empty.
    """
    data = config.data
    unknown = [name for name in data.simulated if name not in RECIPES]
    if unknown:
        raise ConfigError(f"data.simulated names {unknown[0]!r}; choose from {', '.join(RECIPES)}")
    jobs = list(training_jobs(config))
    weather = {name: weather_digest(name) for name in data.simulated}
    size = (data.height, data.width)

    def identity() -> str:
        told = [_job_identity(job) for job in jobs]
        return digest({"jobs": told, "size": [*size, data.native, data.seed], "weather": weather})

    own = identity()
    folder = cache / own[:16]
    if folder.exists():
        return open_pool(folder)
    _LOG.info("making %d training pairs in %s", len(jobs), folder)
    tasks = [(job, size, data.native, data.seed) for job in jobs]
    pool = build_pool(_make_samples(tasks, workers), folder, count=len(jobs), digest=own)
    demand_same(own, identity(), folder)
    return pool


def demand_same(before: str, after: str, folder: Path) -> None:
    """Make sure that the photographs were the same all the while that a pool was made of them.

    Raises
    ------
    SourceError
        They have changed; the pool is removed.
    """
    if before != after:
        shutil.rmtree(folder, ignore_errors=True)
        raise SourceError(
            "photographs have changed while training images were made of them; leave them as they "
            "are, and start again"
        )


_Task = tuple[PairJob, tuple[int, int], int, int]


def _make_samples(tasks: list[_Task], workers: int) -> Iterator[Sample]:
    if workers == 0:
        yield from _report_failed_pairs(map(_make_sample, tasks))
        return
    with closing(in_processes(_make_sample, tasks, workers=workers, at_once=16)) as made:
        yield from _report_failed_pairs(made)


def _report_failed_pairs(made: Iterable[Sample | str]) -> Iterator[Sample]:
    """Pass samples on, and tell what could not be made."""
    whole = 0
    for sample in made:
        if isinstance(sample, str):
            _LOG.warning("left out %s", sample)
        else:
            whole += 1
            yield sample
    if not whole:
        raise SourceError("none of the training images can be read; see the reasons above")


def _make_sample(task: _Task) -> Sample | str:
    """Make a pair, or say why it cannot be made."""
    job, size, native, seed = task
    try:
        degraded, clean = _make_pair(job, size, seed)
    except ImageError as error:
        return f"{job.key}: {error}"
    levels = to_8bit(degraded), to_8bit(clean)
    windows = window(levels, native, job.key)
    return Sample(
        job.dataset, job.scene, to_8bit(resize(degraded)), to_8bit(resize(clean)), *windows
    )


def _make_pair(job: PairJob, size: tuple[int, int], seed: int) -> tuple[Image, Image]:
    if not job.files:
        made = simulate(job.dataset, job.index, split="train", size=size, seed=seed)
        return made.rainy, made.clean
    if len(job.files) == 2:
        first, second = (
            read_image(file, region=region)
            for file, region in zip(job.files, job.regions, strict=True)
        )
        return first, second
    clean = shrink_photograph(read_image(job.files[0]))
    number = int(digest([job.key, job.dataset, job.index, seed])[:12], 16)
    if not job.dark:
        return degrade(clean, job.dataset, seed=number)
    # The photograph is of a night already: only the recipe's weather, not its light.
    return draw_weather(job.dataset, seed=number).apply(clean, seed=number), clean


def shrink_photograph(image: Image) -> Image:
    """Average blocks of pixels of large photographs, so that the short side is 256 to 511."""
    factor = min(image.shape[1:]) // _SHORT_SIDE
    if factor < 2:
        return image
    height, width = (length // factor for length in image.shape[1:])
    blocks = image[:, : height * factor, : width * factor]
    blocks = blocks.reshape(3, height, factor, width, factor)
    shrink_photograph: Image = blocks.mean(axis=(2, 4)).astype(np.float32)
    return shrink_photograph


def weather_digest(name: str) -> str:
    """Return a digest that changes when the recipe, or the code that draws it, does."""
    pair = simulate(name, 0, split="train", size=(32, 48), seed=42)
    return array_digest(pair.rainy, pair.clean)


def _job_identity(job: PairJob) -> dict[str, object]:
    """Tell a job by the bytes of its files; whole files go without saying."""
    told = dict(vars(dataclasses.replace(job, files=_file_hashes(job.files))))
    if set(job.regions) == {"whole"}:
        del told["regions"]
    return told


def _file_hashes(files: Iterable[str]) -> tuple[str, ...]:
    return tuple(file_sha256(file) for file in files)
