"""Distances of images to the scenes of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["NEIGHBOUR_SCENES", "SceneIndex", "mean_of_nearest"]

Floats = npt.NDArray[np.float64]
NEIGHBOUR_SCENES = 5
"""The nearest scenes of a dataset whose mean distance says how far an image is from it."""
_BLOCK = 512


@dataclass(frozen=True, eq=False)
class SceneIndex:
    """A dataset's images, sorted by scene.

    Parameters
    ----------
    vectors
        Shape (n, d), unit rows.
    scenes
        Shape (n,): number of each row's scene, ascending; numbers are of all datasets together.
    """

    vectors: Floats
    scenes: npt.NDArray[np.int64]

    @classmethod
    def sorted_by_scene(cls, vectors: Floats, scenes: npt.NDArray[np.int64]) -> SceneIndex:
        """Sort rows by scene."""
        order = np.argsort(scenes, kind="stable")
        return cls(vectors[order], scenes[order])

    @property
    def scene_numbers(self) -> npt.NDArray[np.int64]:
        """The numbers of its scenes, each once, shape (s,)."""
        return np.unique(self.scenes)

    @property
    def neighbour_scene_count(self) -> int:
        """How many nearest scenes are asked: 5, or fewer where one left out leaves fewer."""
        return min(NEIGHBOUR_SCENES, len(self.scene_numbers) - 1)

    def distance_blocks(
        self, vectors: Floats, own: npt.NDArray[np.int64] | None = None
    ) -> Iterator[tuple[slice, Floats]]:
        """Walk through the distances of images to every scene: that of its nearest image, radians.

        Parameters
        ----------
        vectors
            Shape (m, d), unit rows.
        own
            Shape (m,): number of the scene of each image, which is infinitely far from it.

        Yields
        ------
        A slice of rows and their distances, shape (b, s).
        """
        names = self.scene_numbers
        starts = np.searchsorted(self.scenes, names)
        for start in range(0, len(vectors), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(vectors)))
            cosines = np.clip(vectors[rows] @ self.vectors.T, -1.0, 1.0)
            found = np.arccos(np.maximum.reduceat(cosines, starts, axis=1))
            if own is not None:
                found[own[rows, None] == names[None, :]] = np.inf
            yield rows, found


def mean_of_nearest(distances: Floats, count: int) -> Floats:
    """Return the mean of the `count` smallest of each row, shape (m,)."""
    return np.asarray(np.partition(distances, count - 1, axis=1)[:, :count].mean(axis=1))
