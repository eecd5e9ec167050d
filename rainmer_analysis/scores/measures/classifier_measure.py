"""Classifier two-sample measure, cross-validated by scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.scores.measures.sample_pair import Bools, Pair
from rainmer_analysis.scores.score import Floats

__all__ = ["ClassifierMeasure"]

_FOLDS = 5
_RIDGE = 0.1


@dataclass(frozen=True, eq=False)
class _HatMatrix:
    part: npt.NDArray[np.int64]
    hat: Floats
    folds: tuple[npt.NDArray[np.int64], ...]
    solved: tuple[Floats, ...]


@dataclass(frozen=True)
class ClassifierMeasure:
    """Informedness, 2 x balanced accuracy - 1, of a linear classifier on scenes it never saw.

    Least squares on class labels with a ridge, which is linear discriminant analysis with a
    shrunken covariance. Predictions for left-out folds come from the hat matrix of all images,
    which does not depend on labels (Treder, IEEE Signal Processing Letters 26, 2019).
    """

    def precompute(self, pair: Pair) -> _HatMatrix:
        """Make the hat matrix, and what turns its residuals into those of left-out folds."""
        rows = pair.unit - pair.unit.mean(axis=0)
        count, width = rows.shape
        square = rows.T @ rows
        square[np.diag_indices(width)] += _RIDGE * np.trace(square) / width + 1e-12
        hat = rows @ np.linalg.solve(square, rows.T) + 1.0 / count
        # by scenes alone: folds that knew the labels would favour the true ones over permuted ones
        fold = pair.fold_of_each_part(min(_FOLDS, int(pair.scene_of_part.max()) + 1))[pair.part]
        folds = tuple(np.flatnonzero(fold == each) for each in range(int(fold.max()) + 1))
        solved = tuple(np.linalg.inv(np.eye(len(own)) - hat[np.ix_(own, own)]) for own in folds)
        return _HatMatrix(pair.part, hat, folds, solved)

    def distances_by_labelling(self, state: _HatMatrix, labels: Bools) -> Floats:
        """Return the informedness for every labelling, shape (b,)."""
        first = labels[:, state.part].T
        share = first.mean(axis=0)
        target = np.where(first, 1 / share, -1 / (1 - share))
        residual = target - state.hat @ target
        right = np.empty(first.shape)
        for own, solved in zip(state.folds, state.solved, strict=True):
            predicted = target[own] - solved @ residual[own]
            right[own] = np.where(predicted == 0, 0.5, (predicted > 0) == first[own])
        hits = (right * first).sum(axis=0) / first.sum(axis=0)
        passes = (right * ~first).sum(axis=0) / (~first).sum(axis=0)
        return np.asarray(hits + passes - 1)
