"""Pairs of training images, rendered or read in worker processes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ImageError, SourceError
from rainmer_analysis.images import read_image, resize
from rainmer_analysis.recipes.training.training_pairs import PairJob
from rainmer_analysis.train import Sample, cut_keyed_window, to_8bit
from rainmer_analysis.weather import degraded_and_clean, draw_weather, simulate

__all__ = ["Task", "make_sample_or_reason", "samples_logging_failures", "shrink_large_photograph"]

_LOG = logging.getLogger(__name__)

# Photographs larger than twice this are reduced first: weather is drawn at its usual scale.
_SHORT_SIDE = 256

Image = NDArray[np.float32]
Task = tuple[PairJob, tuple[int, int], int, int]


def samples_logging_failures(made: Iterable[Sample | str]) -> Iterator[Sample]:
    """Yield the samples, and log what could not be made."""
    whole = 0
    for sample in made:
        if isinstance(sample, str):
            _LOG.warning("left out %s", sample)
        else:
            whole += 1
            yield sample
    if not whole:
        raise SourceError("none of the training images can be read; see the reasons above")


def make_sample_or_reason(task: Task) -> Sample | str:
    """Make a pair, or say why it cannot be made."""
    job, size, native, seed = task
    try:
        degraded, clean = _make_pair(job, size, seed)
    except ImageError as error:
        return f"{job.key}: {error}"
    levels = to_8bit(degraded), to_8bit(clean)
    windows = cut_keyed_window(levels, native, job.key)
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
    clean = shrink_large_photograph(read_image(job.files[0]))
    number = job.weather_seed(seed)
    if not job.dark:
        return degraded_and_clean(clean, job.dataset, seed=number)
    # The photograph is of a night already: only the recipe's weather, not its light.
    return draw_weather(job.dataset, seed=number).apply(clean, seed=number), clean


def shrink_large_photograph(image: Image) -> Image:
    """Average blocks of pixels of large photographs, so that the short side is 256 to 511."""
    factor = min(image.shape[1:]) // _SHORT_SIDE
    if factor < 2:
        return image
    height, width = (length // factor for length in image.shape[1:])
    blocks = image[:, : height * factor, : width * factor]
    blocks = blocks.reshape(3, height, factor, width, factor)
    pooled: Image = blocks.mean(axis=(2, 4)).astype(np.float32)
    return pooled
