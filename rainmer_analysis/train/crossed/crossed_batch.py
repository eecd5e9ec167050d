"""Batches of the recipe `crossed`, each a function of seed and number alone."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.train.config.sections import CrossedConfig
from rainmer_analysis.train.crossed.crossed_pool import CrossedPool
from rainmer_analysis.train.crossed.image_descriptors import (
    DESCRIPTOR,
    LIGHT,
    OCTAVES,
    describe_light,
)
from rainmer_analysis.train.data import Levels

__all__ = ["TARGETS", "CrossedBatch", "CrossedBatches"]

# Numbers of a row of `light` and of `descriptors`.
TARGETS = (len(LIGHT), len(DESCRIPTOR))
_DARK = 1e-5
_GAINS = (0.1, 8.0)
_STREAM = 5  # tells these random numbers from those of other recipes


@dataclass(frozen=True)
class CrossedBatch:
    """Images of some draws on some scenes, draw by draw.

    Parameters
    ----------
    images
        float32 [n, 3, h, w] in [0, 1].
    light
        Numbers of the images' light as they are shown (`describe_light`), [n, 25].
    descriptors
        Standardised descriptors of the images' draws, [n, k]: equal for images of one draw.
    energies
        Mean square of what the images' draws changed, [n], up to the coarsest changes.
    draws, scenes
        Number of each image's draw and scene in the batch, [n].
    """

    images: Tensor
    light: Tensor
    descriptors: Tensor
    energies: Tensor
    draws: Tensor
    scenes: Tensor

    def to(self, device: torch.device) -> CrossedBatch:
        """Bring the batch to a device."""
        return CrossedBatch(*(getattr(self, each.name).to(device) for each in fields(self)))


class CrossedBatches:
    """Cuts batches from a pool of crossed blocks.

    Parameters
    ----------
    pool
        The blocks.
    blocks
        Numbers of those to use.
    config
        How many draws and scenes, and how many images are relit.
    crop
        Side of the squares cut from images, pixels.
    seed
        Of everything random.
    """

    def __init__(
        self,
        pool: CrossedPool,
        blocks: NDArray[np.int64],
        *,
        config: CrossedConfig,
        crop: int,
        seed: int,
    ) -> None:
        self._pool, self._blocks, self._config = pool, blocks, config
        self._crop, self._seed = crop, seed
        # What a draw did, on average over the scenes that it fell on.
        draws = pool.descriptors.mean(axis=2, dtype=np.float64)
        training = draws[pool.block_numbers(held_out=False)].reshape(-1, draws.shape[-1])
        scale = np.maximum(training.std(axis=0), 1e-6)
        self._descriptors = (draws - training.mean(axis=0)) / scale
        self._energies = np.square(draws[..., list(OCTAVES)]).sum(axis=-1)

    def with_blocks(self, blocks: NDArray[np.int64]) -> CrossedBatches:
        """Return batches of other blocks of the same pool, with the same standardisation."""
        found = copy(self)
        found._blocks = blocks
        return found

    def __call__(self, number: int) -> CrossedBatch:
        """Make a batch."""
        rng = np.random.default_rng([self._seed, _STREAM, number])
        block = int(rng.choice(self._blocks))
        count, found = self._pool.images.shape[1:3]
        draws = rng.choice(count, min(self._config.batch_draws, count), replace=False)
        scenes = rng.choice(found, min(self._config.batch_scenes, found), replace=False)
        crops = [
            self._random_crop_and_flip(self._pool.images[block, d, s], rng)
            for d in draws
            for s in scenes
        ]
        images = torch.from_numpy(np.stack(crops)).float().div_(255)
        images = self._relight_some_images(images, rng)
        descriptors = np.repeat(self._descriptors[block, draws], len(scenes), axis=0)
        return CrossedBatch(
            images,
            describe_light(images),
            torch.from_numpy(descriptors).float(),
            torch.from_numpy(np.repeat(self._energies[block, draws], len(scenes))).float(),
            torch.arange(len(draws)).repeat_interleave(len(scenes)),
            torch.arange(len(scenes)).repeat(len(draws)),
        )

    def _random_crop_and_flip(self, image: Levels, rng: np.random.Generator) -> Levels:
        """Cut a square at random, and mirror it left to right or not."""
        top, left = (int(rng.integers(side - self._crop + 1)) for side in image.shape[1:])
        square = image[:, top : top + self._crop, left : left + self._crop]
        return square[:, :, ::-1] if rng.random() < 0.5 else square

    def _relight_some_images(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Scale some images to the mean colours of others."""
        means = images.mean(dim=(2, 3))
        others = torch.from_numpy(rng.permutation(len(images)))
        chosen = torch.from_numpy(rng.random(len(images)) < self._config.relit)
        gains = ((means[others] + _DARK) / (means + _DARK)).clamp(*_GAINS)
        gains = torch.where(chosen[:, None], gains, torch.ones_like(gains))
        return (images * gains[:, :, None, None]).clamp(0, 1)
