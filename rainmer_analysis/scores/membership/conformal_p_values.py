"""Whether a new image could be of a dataset, by full conformal prediction over scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.scores.membership.scene_distances import Floats, SceneIndex, mean_of_nearest

__all__ = ["SceneConformal"]


@dataclass(frozen=True, eq=False)
class SceneConformal:
    """What is needed to test images against one dataset.

    An image's strangeness is its mean distance to the nearest scenes of the dataset, its own left
    out. To test a new image, it joins the dataset as a scene of its own, every image's strangeness
    is taken anew, and p is the share of scenes that are at least as strange as it, itself counted.
    A scene counts once, whatever the number of its images: each of its images weighs one over
    their number (Lee, Barber and Willett, Distribution-free inference with hierarchical data,
    arXiv:2306.06342). If the new image's scene is exchangeable with those of the dataset, p is at
    most alpha with a probability of at most alpha; images that no dataset accepts are like none of
    them (class-wise conformal sets, which may be empty: Hechtlinger, Poczos and Wasserman, Cautious
    deep learning, arXiv:1805.09460).

    Parameters
    ----------
    index
        The dataset.
    nearest
        Shape (n, k): distances of each image to its k nearest other scenes, ascending.
    weights
        Shape (n,): one over the number of images of its scene.
    """

    index: SceneIndex
    nearest: Floats
    weights: Floats

    @classmethod
    def of(cls, index: SceneIndex) -> SceneConformal:
        """Take the distances within a dataset of at least two scenes."""
        count = index.neighbour_scene_count
        nearest = np.empty((len(index.vectors), count))
        for rows, distances in index.distance_blocks(index.vectors, index.scenes):
            nearest[rows] = np.sort(np.partition(distances, count - 1, axis=1)[:, :count], axis=1)
        _, inverse, sizes = np.unique(index.scenes, return_inverse=True, return_counts=True)
        return cls(index, nearest, 1.0 / sizes[inverse])

    @property
    def smallest_p(self) -> float:
        """The smallest p that any image can have."""
        return 1.0 / (len(self.index.scene_numbers) + 1)

    def p_values(self, vectors: Floats) -> Floats:
        """Return p of new images, shape (m,): small for images unlike every scene.

        Parameters
        ----------
        vectors
            Shape (m, d), unit rows.
        """
        count = self.nearest.shape[1]
        found = np.empty(len(vectors))
        for row, vector in enumerate(vectors):
            ((_, distances),) = self.index.distance_blocks(vector[None])
            strangeness = mean_of_nearest(distances, count)[0]
            to_new = np.arccos(np.clip(self.index.vectors @ vector, -1.0, 1.0))
            # a nearer new image takes the place of the farthest of the k nearest scenes
            gained = np.minimum(to_new - self.nearest[:, -1], 0.0) / count
            others = self.nearest.mean(axis=1) + gained
            as_strange = self.weights[others >= strangeness - 1e-12].sum()
            found[row] = (1.0 + as_strange) * self.smallest_p
        return np.minimum(found, 1.0)
