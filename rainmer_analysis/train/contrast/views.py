"""Queries, positives and negatives of a step, made from the training pool (published code).

The archive from which negatives are mined holds the images seen last. As the order of images is
a function of seed and position, the archive at a step is the stretch of that order before the
step's own batch, and needs neither memory nor a place in a checkpoint; what the published code
fills by an extra pass are the positions before the first step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.errors import TrainingError
from rainmer_analysis.train.config import ObjectiveConfig
from rainmer_analysis.train.contrast.mining import (
    Flip,
    add_residual,
    blur,
    farthest,
    flip_each,
    mean_colours,
    relight,
    residuals,
    singular_values,
)
from rainmer_analysis.train.data import Levels, Order, Pool, Shares

__all__ = [
    "BLUR_SIGMAS",
    "VIEWS",
    "Batch",
    "Square",
    "View",
    "ViewBuilder",
    "ViewImages",
    "as_images",
]

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

    def to(self, device: torch.device) -> ViewImages:
        """Bring the images to a device."""
        return ViewImages(self.positive.to(device), self.negatives.to(device))


@dataclass(frozen=True)
class Batch:
    """Queries [B, 3, h, w] and what they are compared with, view by view."""

    query: Tensor
    views: Mapping[View, ViewImages]

    def to(self, device: torch.device) -> Batch:
        """Bring the images to a device."""
        views = {view: images.to(device) for view, images in self.views.items()}
        return Batch(self.query.to(device), views)


def as_images(levels: Levels) -> Tensor:
    """Give float32 images in [0, 1] of 8-bit levels."""
    return torch.from_numpy(np.array(levels)).float().div_(255)


@dataclass(frozen=True)
class Square:
    """A square to cut from images [..., H, W]: its top left pixel and its side."""

    top: int
    left: int
    side: int

    @classmethod
    def drawn(cls, size: Sequence[int], side: int, rng: np.random.Generator) -> Square:
        """Draw a place in images of a size (H, W)."""
        top, left = (int(rng.integers(length - side + 1)) for length in size)
        return cls(top, left, side)

    def __call__(self, images: Tensor) -> Tensor:
        """Cut."""
        rows, columns = (slice(at, at + self.side) for at in (self.top, self.left))
        return images[..., rows, columns]


class ViewBuilder:
    """Makes batches for the contrastive wrapper.

    Processes that share a run each make their part of the same batch: all draw the same random
    numbers for the whole batch and read the archive from the same order, and only the images of
    their own queries are made.

    Parameters
    ----------
    pool
        Training pairs.
    rows
        Rows of the pool to use.
    config
        Negatives, archive, crop, choice of positives.
    batch
        Queries per batch, of all processes.
    seed
        Of order and augmentation.
    shares
        How often each of `rows` is drawn; None for equally often.
    part
        Which queries of a batch to make; None makes all.
    """

    def __init__(
        self,
        pool: Pool,
        rows: NDArray[np.int64],
        *,
        config: ObjectiveConfig,
        batch: int,
        seed: int,
        shares: Shares | None = None,
        part: slice | None = None,
    ) -> None:
        self._pool, self._config, self._batch, self._seed = pool, config, batch, seed
        self._part = slice(None) if part is None else part
        self._order = Order(rows, seed, 0, shares=shares)
        self._colours = torch.empty(len(pool), 3)
        self._singular = torch.empty(len(pool), 3, 32)
        for some in np.array_split(rows, max(1, len(rows) // _STATISTICS_CHUNK)):
            degraded, clean = as_images(pool.degraded[some]), as_images(pool.clean[some])
            self._colours[some] = mean_colours(degraded)
            self._singular[some] = singular_values(residuals(degraded, clean))
        self._tones = self._colours**config.colour_exponent
        self._kin = _Kin(pool, rows)

    def rows(self, number: int) -> NDArray[np.int64]:
        """Give the rows of the pool that a batch queries, those of all processes."""
        return self._order.take(number * self._batch + self._config.archive, self._batch)

    def batch(self, number: int) -> Batch:
        """Make a batch, or this process's part of it: a function of seed and number alone."""
        draws = self._draw(number)
        rows = draws.rows[self._part]
        archive = self._order.take(number * self._batch, self._config.archive)
        place = draws.place
        query, clean = (
            place(as_images(of[rows])) for of in (self._pool.degraded, self._pool.clean)
        )
        return Batch(
            query,
            {
                "detail": ViewImages(query, self._blurred(rows, draws)),
                "chromatic": ViewImages(
                    draws.flips["light"](clean), self._relit(rows, archive, query, draws)
                ),
                "degradation": ViewImages(
                    self._alike(query, draws), self._unlike(rows, archive, clean, draws)
                ),
            },
        )

    def _draw(self, number: int) -> _Draws:
        rng = np.random.default_rng([self._seed, 1, number])
        rows, config, kin = self.rows(number), self._config, self._kin
        size = self._pool.degraded.shape[-2:]
        place = Square.drawn(size, config.crop, rng)
        flips = {name: Flip.drawn(rng) for name in ("light", "relit", "alike", "unlike")}
        alike = unlike = None
        if config.positives != "published":
            alike = kin.same_dataset(rows, rng), Square.drawn(size, config.crop, rng)
        if config.negatives != "published":
            unlike = kin.same_scene(rows, self._n, rng), Square.drawn(size, config.crop, rng)
        native = self._pool.clean_native.shape[-2:]
        squares = [Square.drawn(native, config.crop, rng) for _ in rows]
        sigmas = rng.uniform(*BLUR_SIGMAS, (len(rows), self._n))
        turned = rng.random((len(rows), self._n, 2)) < 0.5
        return _Draws(rows, place, flips, alike, unlike, squares, sigmas, turned)

    @property
    def _n(self) -> int:
        return self._config.negatives_per_view

    def _relit(
        self, rows: NDArray[np.int64], archive: NDArray[np.int64], query: Tensor, draws: _Draws
    ) -> Tensor:
        lights = archive[farthest(self._tones[rows], self._tones[archive], self._n).numpy()]
        relit = relight(query, self._colours[rows], self._colours[lights])
        return draws.flips["relit"](relit)

    def _alike(self, query: Tensor, draws: _Draws) -> Tensor:
        if draws.alike is None:
            return draws.flips["alike"](query)
        rows, place = draws.alike
        return draws.flips["alike"](place(as_images(self._pool.degraded[rows[self._part]])))

    def _unlike(
        self, rows: NDArray[np.int64], archive: NDArray[np.int64], clean: Tensor, draws: _Draws
    ) -> Tensor:
        if draws.unlike is not None:
            others, place = draws.unlike
            return draws.flips["unlike"](place(as_images(self._pool.degraded[others[self._part]])))
        near = farthest(self._singular[rows], self._singular[archive], self._n).numpy()
        others = archive[near]
        # The same square as the query's, so that a residual lies on the place that it fell on.
        residual = draws.place(
            residuals(as_images(self._pool.degraded[others]), as_images(self._pool.clean[others]))
        )
        return draws.flips["unlike"](add_residual(clean, residual))

    def _blurred(self, rows: NDArray[np.int64], draws: _Draws) -> Tensor:
        """Cut from native-scale clean images, blur each differently, mirror each: [B, n, ...]."""
        places = draws.squares[self._part]
        crops = torch.stack(
            [
                place(as_images(self._pool.clean_native[row]))
                for row, place in zip(rows, places, strict=True)
            ]
        )
        sigmas = torch.from_numpy(draws.sigmas[self._part]).float().flatten()
        turned = torch.from_numpy(draws.turned[self._part]).flatten(0, 1)
        blurred = flip_each(blur(crops.repeat_interleave(self._n, dim=0), sigmas), turned)
        return blurred.reshape(len(rows), self._n, *blurred.shape[1:])


@dataclass(frozen=True)
class _Draws:
    """All that is random in a batch, for all its queries."""

    rows: NDArray[np.int64]
    place: Square
    flips: Mapping[str, Flip]
    alike: tuple[NDArray[np.int64], Square] | None
    unlike: tuple[NDArray[np.int64], Square] | None
    squares: list[Square]
    sigmas: NDArray[np.float64]
    turned: NDArray[np.bool_]


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
