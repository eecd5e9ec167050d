"""A table's datasets, and how like them new images are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.scores.membership.conformal_p_values import SceneConformal
from rainmer_analysis.scores.membership.scene_distances import Floats, SceneIndex, mean_of_nearest
from rainmer_analysis.values import EmbeddingTable

__all__ = ["FEWEST_SCENES", "DatasetMembership", "Membership"]

FEWEST_SCENES = 3
"""Datasets of fewer scenes are left out."""
_TINY = 1e-4  # radians; copies of an image have no logarithm of their distance


class Membership(NamedTuple):
    """How like the datasets new images are.

    Parameters
    ----------
    probabilities
        Shape (m, k), rows of sum 1: of each dataset, given that the image is of one of them.
    p_values
        Shape (m, k): how an image ranks among the scenes of each dataset; small for strangers.
    outside
        Shape (m,): whether every dataset refuses the image at the level.
    """

    probabilities: Floats
    p_values: Floats
    outside: npt.NDArray[np.bool_]


class DatasetMembership:
    """Says which datasets of a table new images are like, or that they are like none.

    Probabilities are those of a multinomial logistic regression on the logarithms of an image's
    mean distances to the 5 nearest scenes of each dataset. It is fitted on the table's own images,
    the scene of each left out of all datasets; scenes weigh alike, and so do datasets, so that a
    larger one is not likelier for that.

    Parameters
    ----------
    table
        At least one dataset of 3 scenes or more.

    Attributes
    ----------
    datasets
        Names, in the order of the table.
    left_out
        Datasets of too few scenes, with the number of their scenes.

    Raises
    ------
    ParameterError
        No dataset has 3 scenes.
    """

    def __init__(self, table: EmbeddingTable) -> None:
        scenes = table.rows.group_counts
        self.left_out: Mapping[str, int] = {
            name: count for name, count in scenes.items() if count < FEWEST_SCENES
        }
        self.datasets = tuple(name for name in scenes if name not in self.left_out)
        if not self.datasets:
            raise ParameterError(
                f"no dataset of the table has {FEWEST_SCENES} scenes; give a table of more images"
            )
        unit = unit_rows(table.vectors)
        _, numbers = np.unique(table.rows.column("group"), return_inverse=True)
        names = table.rows.column("dataset")
        self._indices = [
            SceneIndex.sorted_by_scene(unit[names == name], numbers[names == name])
            for name in self.datasets
        ]
        self._tests = [SceneConformal.of(index) for index in self._indices]
        self._model = self._fit_classifier() if len(self.datasets) > 1 else None

    def datasets_too_small_for(self, level: float) -> tuple[str, ...]:
        """Return the datasets that are too small to refuse any image at a level."""
        alpha = 1.0 - level + 1e-12
        pairs = zip(self.datasets, self._tests, strict=True)
        return tuple(name for name, test in pairs if test.smallest_p > alpha)

    def predict(self, vectors: npt.ArrayLike, *, level: float = 0.9) -> Membership:
        """Compare new images, of scenes that the table does not hold.

        Raises ParameterError: the level is no share.

        Parameters
        ----------
        vectors
            Shape (m, d).
        level
            In (0, 1): of new scenes of a dataset, at least this share is not called outside.
        """
        if not 0 < level < 1:
            raise ParameterError(f"the level is {level}; give a share between 0 and 1, such as 0.9")
        unit = unit_rows(vectors)
        p_values = np.column_stack([test.p_values(unit) for test in self._tests])
        outside = np.all(p_values <= 1.0 - level + 1e-12, axis=1)
        return Membership(self._class_probabilities(unit), p_values, outside)

    def _class_probabilities(self, unit: Floats) -> Floats:
        if self._model is None:
            return np.ones((len(unit), 1))
        with threadpool_limits(1, user_api="blas"):
            return np.asarray(self._model.predict_proba(self._log_mean_scene_distances(unit)))

    def _log_mean_scene_distances(
        self, unit: Floats, own: npt.NDArray[np.int64] | None = None
    ) -> Floats:
        found = np.empty((len(unit), len(self._indices)))
        for column, index in enumerate(self._indices):
            for rows, distances in index.distance_blocks(unit, own):
                found[rows, column] = mean_of_nearest(distances, index.neighbour_scene_count)
        return np.log(np.maximum(found, _TINY))

    def _fit_classifier(self) -> Pipeline:
        unit = np.concatenate([index.vectors for index in self._indices])
        own = np.concatenate([index.scenes for index in self._indices])
        labels = np.repeat(
            np.arange(len(self._indices)), [len(index.vectors) for index in self._indices]
        )
        scene_weights = np.concatenate([test.weights for test in self._tests])
        per_dataset = np.array([len(index.scene_numbers) for index in self._indices])
        weights = scene_weights / per_dataset[labels] * per_dataset.mean()
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        with threadpool_limits(1, user_api="blas"):
            model.fit(
                self._log_mean_scene_distances(unit, own),
                labels,
                logisticregression__sample_weight=weights,
            )
        return model
