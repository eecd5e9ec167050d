"""Fréchet distance of Gaussians with shrunken covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.scores.measures.sample_pair import Bools, Pair
from rainmer_analysis.scores.score import Floats

__all__ = ["FrechetMeasure", "frechet", "shrunken_covariance"]


@dataclass(frozen=True)
class FrechetMeasure:
    """|m - m'|² + tr(C + C' - 2 (C C')^(1/2)) (Dowson and Landau, 1982)."""

    def prepare(self, pair: Pair) -> Pair:
        """Keep the images."""
        return pair

    def distances(self, state: Pair, labels: Bools) -> Floats:
        """Return the squared Fréchet distance of every labelling."""
        found = np.empty(len(labels))
        for index, rows in enumerate(labels[:, state.part]):
            found[index] = frechet(state.unit[rows], state.unit[~rows])
        return found


def frechet(first: Floats, second: Floats) -> float:
    """Return the squared Fréchet distance of two samples (n, d) and (m, d)."""
    apart = first.mean(axis=0) - second.mean(axis=0)
    a, b = shrunken_covariance(first), shrunken_covariance(second)
    root = np.linalg.cholesky(a)
    # the roots of root' b root are those of a b, whose square root's trace is wanted
    roots = np.linalg.eigvalsh(root.T @ b @ root)
    shared = np.sqrt(np.maximum(roots, 0.0)).sum()
    return float(apart @ apart + np.trace(a) + np.trace(b) - 2 * shared)


def shrunken_covariance(rows: Floats) -> Floats:
    """Return the covariance of rows (n, d), pulled towards a multiple of the unit matrix.

    The amount is that of Ledoit and Wolf (Journal of Multivariate Analysis 88, 2004), so that it
    is of full rank for few rows too.
    """
    centred = rows - rows.mean(axis=0)
    count, width = centred.shape
    covariance = centred.T @ centred / count
    level = np.trace(covariance) / width
    square = float((covariance**2).sum())
    lengths = np.einsum("nd,nd->n", centred, centred)
    spread = square / width - level**2
    noise = (float((lengths**2).mean()) - square) / count / width
    amount = 1.0 if spread <= 0 else min(1.0, max(0.0, noise / spread))
    shrunken = (1 - amount) * covariance
    shrunken[np.diag_indices(width)] += amount * level + 1e-12
    return np.asarray(shrunken)
