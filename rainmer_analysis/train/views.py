"""Queries, positives and negatives of a step, made from the training pool (published code).

The archive from which negatives are mined holds the images seen last. As the order of images is
a function of seed and position, the archive at a step is the stretch of that order before the
step's own batch, and needs neither memory nor a place in a checkpoint; what the published code
fills by an extra pass are the positions before the first step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.errors import TrainingError
from rainmer_analysis.train.config import ObjectiveConfig
from rainmer_analysis.train.data import Levels, Order, Pool
from rainmer_analysis.train.mining import (
    add_residual,
    blur,
    farthest,
    flip,
    flip_each,
    mean_colours,
    relight,
    residuals,
    singular_values,
)

__all__ = ["BLUR_SIGMAS", "VIEWS", "Batch", "View", "ViewBuilder", "ViewImages", "as_images", "cut"]

View = Literal["detail", "chromatic", "degradation"]
VIEWS: tuple[View, ...] = ("detail", "chromatic", "degradation")

BLUR_SIGMAS = (0.5, 2.0)
_STATISTICS_CHUNK = 256


@dataclass(frozen=True)
class ViewImages:
    """Images that one view compares the queries with.

    Parameters
    ----------
    positive
        [B, 3, H, W] in [0, 1].
    negatives
        [B, n, 3, H, W] in [0, 1].
    """

    positive: Tensor
    negatives: Tensor


@dataclass(frozen=True)
class Batch:
    """Queries [B, 3, h, w] and what they are compared with, view by view."""

    query: Tensor
    views: Mapping[View, ViewImages]


def as_images(levels: Levels) -> Tensor:
    """Give float32 images in [0, 1] of 8-bit levels."""
    return torch.from_numpy(np.array(levels)).float().div_(255)


def cut(images: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """Cut one square of `side` pixels, at a place drawn once, from all images [..., H, W]."""
    height, width = images.shape[-2:]
    top, left = (int(rng.integers(length - side + 1)) for length in (height, width))
    return images[..., top : top + side, left : left + side]


class ViewBuilder:
    """Makes batches for the contrastive wrapper.

    Parameters
    ----------
    pool
        Training pairs.
    rows
        Rows of the pool to use.
    config
        Negatives, archive, crop, choice of positives.
    batch
        Queries per step.
    seed
        Of order and augmentation.
    """

    def __init__(
        self,
        pool: Pool,
        rows: NDArray[np.int64],
        *,
        config: ObjectiveConfig,
        batch: int,
        seed: int,
    ) -> None:
        self._pool, self._config, self._batch, self._seed = pool, config, batch, seed
        self._order = Order(rows, seed, 0)
        self._colours = torch.empty(len(pool), 3)
        self._singular = torch.empty(len(pool), 3, 32)
        for part in np.array_split(rows, max(1, len(rows) // _STATISTICS_CHUNK)):
            degraded, clean = as_images(pool.degraded[part]), as_images(pool.clean[part])
            self._colours[part] = mean_colours(degraded)
            self._singular[part] = singular_values(residuals(degraded, clean))
        self._tones = self._colours**config.colour_exponent
        self._kin = _Kin(pool, rows)

    def batch(self, step: int) -> Batch:
        """Make the batch of a step: a function of seed and step alone."""
        config = self._config
        rng = np.random.default_rng([self._seed, 1, step])
        archive = self._order.take(step * self._batch, config.archive)
        rows = self._order.take(step * self._batch + config.archive, self._batch)
        query = as_images(self._pool.degraded[rows])
        clean = as_images(self._pool.clean[rows])
        others = archive[farthest(self._singular[rows], self._singular[archive], self._n).numpy()]
        lights = archive[farthest(self._tones[rows], self._tones[archive], self._n).numpy()]
        residual = residuals(
            as_images(self._pool.degraded[others]), as_images(self._pool.clean[others])
        )
        # One square for all, so that a query and its keys still show the same place.
        place = cut(torch.cat([query[:, None], clean[:, None], residual], 1), config.crop, rng)
        query, clean, residual = place[:, 0], place[:, 1], place[:, 2:]
        relit = relight(query, self._colours[rows], self._colours[lights])
        chromatic = ViewImages(flip(clean, rng), flip(relit, rng))
        if config.positives == "published":
            positive = flip(query, rng)
        else:
            positive = flip(self._resized(self._kin.same_dataset(rows, rng), rng), rng)
        if config.negatives == "published":
            wrong = flip(add_residual(clean, residual), rng)
        else:
            wrong = flip(self._resized(self._kin.same_scene(rows, self._n, rng), rng), rng)
        views: dict[View, ViewImages] = {
            "detail": ViewImages(query, self._blurred(rows, rng)),
            "chromatic": chromatic,
            "degradation": ViewImages(positive, wrong),
        }
        return Batch(query, views)

    @property
    def _n(self) -> int:
        return self._config.negatives_per_view

    def _resized(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        return cut(as_images(self._pool.degraded[rows]), self._config.crop, rng)

    def _blurred(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        """Cut from native-scale clean images, blur each differently, mirror each: [B, n, ...]."""
        crops = torch.stack(
            [cut(as_images(self._pool.clean_native[row]), self._config.crop, rng) for row in rows]
        )
        many = crops.repeat_interleave(self._n, dim=0)
        sigmas = torch.from_numpy(rng.uniform(*BLUR_SIGMAS, len(many))).float()
        blurred = flip_each(blur(many, sigmas), rng)
        return blurred.reshape(len(rows), self._n, *blurred.shape[1:])


class _Kin:
    """Rows that share a dataset or a scene."""

    def __init__(self, pool: Pool, rows: NDArray[np.int64]) -> None:
        self._rows = rows
        self._datasets = np.unique(pool.datasets, return_inverse=True)[1]
        self._scenes = np.unique(pool.scenes, return_inverse=True)[1]

    def same_dataset(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw, for each row, another scene's row of its dataset (itself where there is none)."""
        return np.array([self._companion(row, rng) for row in rows])

    def _companion(self, row: int, rng: np.random.Generator) -> int:
        same = self._datasets[self._rows] == self._datasets[row]
        elsewhere = self._rows[same & (self._scenes[self._rows] != self._scenes[row])]
        return int(rng.choice(elsewhere)) if len(elsewhere) else int(row)

    def same_scene(
        self, rows: NDArray[np.int64], count: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw, for each row, rows of other datasets, those of its own scene first: [b, count]."""
        return np.stack([self._contrary(row, count, rng) for row in rows])

    def _contrary(self, row: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        other = self._rows[self._datasets[self._rows] != self._datasets[row]]
        if len(other) == 0:
            raise TrainingError(
                "negatives of the same scene in other datasets need at least two datasets; "
                'add one, or set objective.negatives to "published"'
            )
        own = self._scenes[other] == self._scenes[row]
        drawn = rng.permutation(other[own])
        missing = max(0, count - len(drawn))
        return np.concatenate([drawn[:count], rng.choice(other, missing)])
