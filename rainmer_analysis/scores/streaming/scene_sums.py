"""Sums of a dataset, and the same sums in every bootstrap resample of its scenes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import poisson_weights
from rainmer_analysis.scores.dataset_summaries import Summariser, Table, summaries_by_dataset
from rainmer_analysis.scores.score import SUMS, Batch, Context, Floats

__all__ = ["SceneSums", "merge_sums", "scene_sums_by_dataset", "sum_scenes"]

# Scenes whose weights are in memory at once: 4,096 of 1,000 resamples are 33 MB.
_SCENES = 1 << 12


@dataclass(frozen=True, eq=False)
class SceneSums:
    """All that mean cosines need of a dataset, in r resamples.

    A scene s of n_s images with summed vectors t_s stands w_s times in a resample. Row 0 of every
    array is the dataset itself, with all w_s = 1; rows 1 to r are the resamples.

    Parameters
    ----------
    count, scenes
        Images and scenes of the dataset.
    total
        Sum of w_s t_s, shape (1 + r, d).
    images
        Sum of w_s n_s, shape (1 + r,).
    squares, square_images
        Sums of w_s² |t_s|² and w_s² n_s², shape (1 + r,): the pairs within a scene, also between
        its copies.
    copies, copy_images
        Sums of w_s |t_s|² and w_s n_s², shape (1 + r,): the pairs within each copy.
    moments
        Sum of n_s t_s of the dataset itself, shape (1, d): moves `squares` to another origin. The
        same sums of the resamples would double what a sketch gives away of single scenes.
    """

    count: int
    scenes: int
    total: Floats
    images: Floats
    squares: Floats
    square_images: Floats
    copies: Floats
    copy_images: Floats
    moments: Floats

    @property
    def resample_count(self) -> int:
        """Number of resamples r."""
        return len(self.images) - 1

    def at_mirrored_weights(self) -> SceneSums:
        """Return the same sums at the weights 2 - w."""
        images = 2 * self.images[:1] - self.images
        copies, copy_images = 2 * self.copies[:1] - self.copies, 2 * self.copy_images[:1]
        copy_images = copy_images - self.copy_images
        return SceneSums(
            self.count,
            self.scenes,
            2 * self.total[:1] - self.total,
            images,
            4 * (self.squares[:1] - self.copies) + self.squares,
            4 * (self.square_images[:1] - self.copy_images) + self.square_images,
            copies,
            copy_images,
            self.moments,
        )

    def relative_to(self, origin: Floats) -> SceneSums:
        """Return the sums as they are with every vector measured from `origin`, shape (d,).

        Exact for the dataset itself. In resamples the part of `squares` that depends on the origin
        is taken as the sums of w_s n_s and w_s² n_s² have it; `copies` stay where they are.
        """
        scale = self.square_images / self.square_images[0]
        mean = self.total / np.where(self.images > 0, self.images, np.nan)[:, None]
        drift = self.moments - self.square_images[0] * mean[:1]
        along = (self.square_images[:, None] * mean + scale[:, None] * drift) @ origin
        length = float(origin @ origin)
        return replace(
            self,
            total=self.total - self.images[:, None] * origin,
            squares=self.squares - 2 * along + length * self.square_images,
        )

    def with_first_resamples(self, resamples: int) -> SceneSums:
        """Return the same sums with the first `resamples` resamples alone."""
        arrays = {
            field.name: getattr(self, field.name)[: 1 + resamples] for field in fields(self)[2:]
        }
        return SceneSums(self.count, self.scenes, **arrays)


def sum_scenes(batch: Batch, context: Context) -> SceneSums:
    """Sum a batch that holds every scene whole."""
    keys, scene, sizes = np.unique(batch.scenes, return_inverse=True, return_counts=True)
    order = np.argsort(scene, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    totals = np.add.reduceat(batch.unit[order], starts, axis=0)
    parts = [
        _sum_scenes_with_resamples(keys[cut], totals[cut], sizes[cut].astype(np.float64), context)
        for cut in (slice(low, low + _SCENES) for low in range(0, len(keys), _SCENES))
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole = merge_sums(whole, part, context)
    return whole


def _sum_scenes_with_resamples(
    keys: npt.NDArray[np.uint64], totals: Floats, sizes: Floats, context: Context
) -> SceneSums:
    drawn = poisson_weights(keys, resamples=context.resamples, seed=context.seed)
    weights = np.concatenate([np.ones((1, len(keys))), drawn.T])
    lengths = np.einsum("gd,gd->g", totals, totals)
    per_scene = np.stack([lengths, sizes**2], axis=1)
    within, copies = weights**2 @ per_scene, weights @ per_scene
    return SceneSums(
        int(sizes.sum()),
        len(keys),
        weights @ totals,
        weights @ sizes,
        within[:, 0],
        within[:, 1],
        copies[:, 0],
        copies[:, 1],
        (sizes @ totals)[None],
    )


def merge_sums(first: SceneSums, second: SceneSums, context: Context) -> SceneSums:  # noqa: ARG001
    """Add the sums of two disjoint sets of scenes of a dataset."""
    return SceneSums(
        *(getattr(first, field.name) + getattr(second, field.name) for field in fields(SceneSums))
    )


def scene_sums_by_dataset(table: Table, context: Context) -> dict[str, SceneSums]:
    """Return the sums of each dataset of a table, which need not fit into memory."""
    summariser = Summariser(sum_scenes, merge_sums)
    found = summaries_by_dataset(
        table, {SUMS: summariser}, context, keep_scenes_whole=True, with_sampling_order=False
    )
    return {name: each.summaries[SUMS] for name, each in found.items()}
