"""Whether the nearest image of another scene is of the same dataset, each counted alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import bootstrap_scene_weights, nearest_neighbours
from rainmer_analysis.values import EmbeddingTable

__all__ = ["NeighbourHits", "neighbour_hits"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NeighbourHits:
    """Which images have their nearest neighbour in other scenes in their own dataset.

    Parameters
    ----------
    hits
        1 or 0 of each image, shape (n,).
    datasets, scenes
        Labels of the images.
    """

    hits: tuple[int, ...]
    datasets: tuple[str, ...]
    scenes: tuple[str, ...]

    @property
    def accuracy_by_dataset(self) -> Mapping[str, float]:
        """Share of hits in each dataset, by name."""
        hits, labels = np.asarray(self.hits), np.asarray(self.datasets)
        return {name: float(hits[labels == name].mean()) for name in sorted(set(self.datasets))}

    @property
    def accuracy(self) -> float:
        """Mean over datasets of the share of hits, so that each counts alike."""
        return float(np.mean(list(self.accuracy_by_dataset.values())))

    @property
    def chance(self) -> float:
        """Mean over images, balanced as the accuracy, of the share of their own dataset.

        It is the share among the images of other scenes, that of a neighbour drawn blindly.
        """
        labels, scenes = np.asarray(self.datasets), np.asarray(self.scenes)
        others = scenes[:, None] != scenes[None, :]
        same = (labels[:, None] == labels[None, :]) & others
        there = others.sum(axis=1)
        share = same.sum(axis=1) / np.maximum(there, 1)
        return float(np.mean([share[labels == name].mean() for name in set(self.datasets)]))

    def resampled_accuracies(self, *, resamples: int = 2000, seed: int = 42) -> Floats:
        """Return the accuracy under resamples of scenes, neighbours kept, shape (resamples,).

        Scenes that stand in several datasets are drawn for all of them at once; sets of datasets
        with the same scenes are one stratum, so that none is ever empty. The draws depend on the
        labels alone, so that differences of spaces over the same images are paired.
        """
        counts, hits = self._image_and_hit_counts
        weights = bootstrap_scene_weights(self._strata_of_scenes, resamples=resamples, seed=seed)
        shares = (weights @ hits) / (weights @ counts)
        return np.asarray(shares.mean(axis=1))

    @cached_property
    def _image_and_hit_counts(self) -> tuple[Floats, Floats]:
        """Images and hits of each scene in each dataset, both of shape (scenes, datasets)."""
        names, code = np.unique(self.datasets, return_inverse=True)
        groups, scene = np.unique(self.scenes, return_inverse=True)
        counts = np.zeros((len(groups), len(names)))
        hits = np.zeros_like(counts)
        np.add.at(counts, (scene, code), 1.0)
        np.add.at(hits, (scene, code), np.asarray(self.hits, dtype=np.float64))
        return counts, hits

    @property
    def _strata_of_scenes(self) -> npt.NDArray[np.int64]:
        present = self._image_and_hit_counts[0] > 0
        _, strata = np.unique(present, axis=0, return_inverse=True)
        return np.asarray(strata.reshape(-1), dtype=np.int64)


def neighbour_hits(table: EmbeddingTable) -> NeighbourHits:
    """Look up each image's nearest neighbour in other scenes.

    Raises ParameterError: all images are of one scene, or of one dataset.
    """
    labels = np.asarray(table.rows.column("dataset")).astype(str)
    scenes = np.asarray(table.rows.column("group")).astype(str)
    if len(set(labels)) < 2 or len(set(scenes)) < 2:
        raise ParameterError(
            f"neighbours tell datasets apart, but {len(set(labels))} came with "
            f"{len(set(scenes))} scenes; give at least two of both"
        )
    near = nearest_neighbours(table.vectors, 1, groups=scenes).indices[:, 0]
    hits = (labels[near] == labels).astype(int)
    return NeighbourHits(tuple(hits.tolist()), tuple(labels.tolist()), tuple(scenes.tolist()))
