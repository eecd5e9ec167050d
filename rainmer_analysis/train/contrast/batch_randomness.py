"""All that is random in a batch of views, drawn before any image is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.errors import TrainingError
from rainmer_analysis.train.config import ObjectiveConfig
from rainmer_analysis.train.contrast.negatives_and_augmentations import Flip
from rainmer_analysis.train.data import Pool

__all__ = ["BLUR_SIGMAS", "BatchRandomness", "RelatedRows", "Square"]

BLUR_SIGMAS = (0.5, 2.0)


Images = TypeVar("Images", Tensor, NDArray[np.uint8])


@dataclass(frozen=True)
class Square:
    """A square to cut from images [..., H, W]: its top left pixel and its side."""

    top: int
    left: int
    side: int

    @classmethod
    def draw(cls, size: Sequence[int], side: int, rng: np.random.Generator) -> Square:
        """Draw a place in images of a size (H, W)."""
        top, left = (int(rng.integers(length - side + 1)) for length in size)
        return cls(top, left, side)

    def __call__(self, images: Images) -> Images:
        """Cut."""
        rows, columns = (slice(at, at + self.side) for at in (self.top, self.left))
        return images[..., rows, columns]


@dataclass(frozen=True)
class BatchRandomness:
    """All that is random in a batch, for all its queries."""

    rows: NDArray[np.int64]
    place: Square
    flips: Mapping[str, Flip]
    alike: tuple[NDArray[np.int64], Square] | None
    unlike: tuple[NDArray[np.int64], Square] | None
    squares: list[Square]
    sigmas: NDArray[np.float64]
    turned: NDArray[np.bool_]

    @classmethod
    def draw(
        cls,
        rows: NDArray[np.int64],
        rng: np.random.Generator,
        *,
        pool: Pool,
        related: RelatedRows,
        config: ObjectiveConfig,
    ) -> BatchRandomness:
        """Draw what a batch with these rows of a pool needs."""
        count = config.negatives_per_view
        size = pool.degraded.shape[-2:]
        place = Square.draw(size, config.crop, rng)
        flips = {name: Flip.draw(rng) for name in ("light", "relit", "alike", "unlike")}
        alike = unlike = None
        if config.positives != "published":
            alike = (
                related.draw_same_dataset_other_scene(rows, rng),
                Square.draw(size, config.crop, rng),
            )
        if config.negatives != "published":
            unlike = (
                related.draw_other_datasets_same_scene_first(rows, count, rng),
                Square.draw(size, config.crop, rng),
            )
        native = pool.clean_native.shape[-2:]
        squares = [Square.draw(native, config.crop, rng) for _ in rows]
        sigmas = rng.uniform(*BLUR_SIGMAS, (len(rows), count))
        turned = rng.random((len(rows), count, 2)) < 0.5
        return cls(rows, place, flips, alike, unlike, squares, sigmas, turned)


class RelatedRows:
    """Rows that share a dataset or a scene."""

    def __init__(self, pool: Pool, rows: NDArray[np.int64]) -> None:
        self._rows = rows
        self._datasets = np.unique(pool.datasets, return_inverse=True)[1]
        self._scenes = np.unique(pool.scene_of_each_row, return_inverse=True)[1]

    def draw_same_dataset_other_scene(
        self, rows: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw, for each row, another scene's row of its dataset (itself where there is none)."""
        return np.array([self._other_scene_same_dataset(row, rng) for row in rows])

    def _other_scene_same_dataset(self, row: int, rng: np.random.Generator) -> int:
        same = self._datasets[self._rows] == self._datasets[row]
        elsewhere = self._rows[same & (self._scenes[self._rows] != self._scenes[row])]
        return int(rng.choice(elsewhere)) if len(elsewhere) else int(row)

    def draw_other_datasets_same_scene_first(
        self, rows: NDArray[np.int64], count: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw, for each row, rows of other datasets, those of its own scene first: [b, count]."""
        return np.stack([self._other_datasets(row, count, rng) for row in rows])

    def _other_datasets(self, row: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
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
