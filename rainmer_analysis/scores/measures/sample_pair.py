"""Capped samples of datasets, and two of them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import splitmix64
from rainmer_analysis.scores.score import Batch, Context, Floats

__all__ = ["Measure", "Pair", "Sample", "merge_samples", "pair_samples", "sample_first_images"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """The images of a dataset that come first in the seeded order, at most as many as wanted.

    Parameters
    ----------
    unit, scenes, images
        As in `Batch`, in the order of `images`.
    """

    unit: Floats
    scenes: npt.NDArray[np.uint64]
    images: npt.NDArray[np.uint64]


def sample_first_images(batch: Batch, context: Context) -> Sample:
    """Return the first images of a batch."""
    order = np.argsort(batch.images, kind="stable")[: context.sample]
    return Sample(batch.unit[order], batch.scenes[order], batch.images[order])


def merge_samples(first: Sample, second: Sample, context: Context) -> Sample:
    """Return the first images of two samples."""
    both = Batch(
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("unit", "scenes", "images")
        )
    )
    return sample_first_images(both, context)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two samples side by side, as parts: the images of one scene in one dataset.

    Parameters
    ----------
    unit
        Unit rows of both, ordered by part, shape (n, d).
    part
        Part of each row, ascending, shape (n,).
    keys
        Key of each part's scene, ascending, shape (p,), uint64.
    owner
        Whether a part is the first dataset's, shape (p,).
    """

    unit: Floats
    part: Ints
    keys: npt.NDArray[np.uint64]
    owner: Bools

    @cached_property
    def scene_of_part(self) -> Ints:
        """Number of each part's scene, ascending, shape (p,)."""
        return np.asarray(np.unique(self.keys, return_inverse=True)[1])

    @cached_property
    def sizes(self) -> Floats:
        """Images of each part, shape (p,)."""
        return np.bincount(self.part, minlength=len(self.scene_of_part)).astype(np.float64)

    @cached_property
    def in_shared_scene_mask(self) -> Bools:
        """Whether a part's scene stands in both datasets, shape (p,)."""
        return np.asarray(np.bincount(self.scene_of_part)[self.scene_of_part] > 1)

    @property
    def smaller_scene_count(self) -> int:
        """Scenes of the dataset that has fewer."""
        return int(min(self.owner.sum(), (~self.owner).sum()))

    def take_parts(self, kept: Bools, owner: Bools | None = None) -> Pair:
        """Return some parts, with other owners where `owner`, shape (p,), is given."""
        rows = kept[self.part]
        labels = self.owner if owner is None else owner
        part = (np.cumsum(kept) - 1)[self.part[rows]]
        return Pair(self.unit[rows], part, self.keys[kept], labels[kept])

    def with_equal_scene_counts(self) -> Pair:
        """Return as many scenes of both datasets, shared ones first."""
        kept = np.zeros(len(self.scene_of_part), dtype=np.bool_)
        for own in (self.owner, ~self.owner):
            places = np.flatnonzero(own)
            order = np.argsort(~self.in_shared_scene_mask[places], kind="stable")
            kept[places[order[: self.smaller_scene_count]]] = True
        return self.take_parts(kept)

    def parts_by_stratum(self) -> list[Ints]:
        """Return the parts of the first dataset's scenes, of the second's, and of shared ones.

        Of a shared scene the first dataset's part stands for both.
        """
        alone = ~self.in_shared_scene_mask
        chosen = (alone & self.owner, alone & ~self.owner, self.in_shared_scene_mask & self.owner)
        return [np.flatnonzero(parts) for parts in chosen]

    def group_of_each_part(self, groups: int, *, seed: int = 0) -> Ints:
        """Deal the scenes of each stratum to groups of equal size, shape (p,).

        Scenes are put in an order that depends on their keys and the seed, and cut; so a scene
        seldom changes its group when others are left out.
        """
        group = np.zeros(int(self.scene_of_part.max()) + 1, dtype=np.int64)
        start = 0
        for parts in self.parts_by_stratum():
            order = np.argsort(splitmix64(self.keys[parts] + np.uint64(seed)), kind="stable")
            # what does not divide evenly goes to other groups in every stratum
            number = np.arange(len(parts)) * groups // max(1, len(parts)) + start
            group[self.scene_of_part[parts[order]]] = number % groups
            start += len(parts) % groups
        return np.asarray(group[self.scene_of_part])

    def fold_of_each_part(self, count: int) -> Ints:
        """Deal all scenes to folds of equal size whatever their labels are, shape (p,)."""
        scenes = int(self.scene_of_part.max()) + 1
        keys = np.zeros(scenes, dtype=np.uint64)
        keys[self.scene_of_part] = self.keys
        fold = np.empty(scenes, dtype=np.int64)
        fold[np.argsort(splitmix64(keys), kind="stable")] = np.arange(scenes) * count // scenes
        return np.asarray(fold[self.scene_of_part])

    def is_in_random_half(self, *, seed: int) -> Bools:
        """Cut the scenes of each stratum into random halves; return the parts in the first."""
        return np.asarray(self.group_of_each_part(2, seed=seed) == 0)

    def permuted_owners(self, permutations: int, *, seed: int) -> Bools:
        """Permute the labels of whole scenes, and swap those within shared ones.

        Returns
        -------
        numpy.ndarray
            Owners, shape (permutations, p).
        """
        generator = np.random.default_rng(seed)
        labels = np.tile(self.owner, (permutations, 1))
        alone = ~self.in_shared_scene_mask
        labels[:, alone] = generator.permuted(labels[:, alone], axis=1)
        swapped = generator.random((permutations, int(self.scene_of_part.max()) + 1)) < 0.5
        return np.asarray(labels ^ (swapped[:, self.scene_of_part] & self.in_shared_scene_mask))

    @cached_property
    def different_scene_mask(self) -> Bools:
        """Whether two parts are of different scenes, shape (p, p)."""
        return np.asarray(self.scene_of_part[:, None] != self.scene_of_part[None, :])

    def sum_cells_between_parts(self, cells: Floats) -> Floats:
        """Sum values of pairs of rows, shape (n, n), to pairs of parts, shape (p, p)."""
        if len(self.keys) == len(self.unit):
            return cells
        starts = np.searchsorted(self.part, np.arange(len(self.scene_of_part)))
        return np.asarray(np.add.reduceat(np.add.reduceat(cells, starts, axis=0), starts, axis=1))


class Measure(Protocol):
    """How far two samples are apart."""

    def precompute(self, pair: Pair) -> Any:
        """Look at the images, whatever their labels."""

    def distances_by_labelling(self, state: Any, labels: Bools) -> Floats:
        """Measure labellings of shape (b, p); return shape (b,), more where further apart."""


def pair_samples(first: Sample, second: Sample) -> Pair:
    """Put two samples side by side."""
    unit = np.concatenate([first.unit, second.unit])
    keys = np.concatenate([first.scenes, second.scenes])
    images = np.concatenate([first.images, second.images])
    owner = np.arange(len(keys)) < len(first.scenes)
    order = np.lexsort([images, ~owner, keys])
    keys, owner = keys[order], owner[order]
    opens = np.ones(len(keys), dtype=np.bool_)
    opens[1:] = (keys[1:] != keys[:-1]) | (owner[1:] != owner[:-1])
    return Pair(unit[order], np.cumsum(opens) - 1, keys[opens], owner[opens])
