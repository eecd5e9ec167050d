"""Wasserstein distances: of Gaussians (Fréchet), and along random directions (sliced)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rainmer_analysis.scores.measures.sample_pair import Bools, Pair
from rainmer_analysis.scores.score import Floats

__all__ = [
    "FrechetMeasure",
    "SlicedMeasure",
    "fixed_random_directions",
    "ledoit_wolf_covariance",
    "squared_frechet_distance",
]


@dataclass(frozen=True)
class FrechetMeasure:
    """|m - m'|² + tr(C + C' - 2 (C C')^(1/2)) (Dowson and Landau, 1982)."""

    def precompute(self, pair: Pair) -> Pair:
        """Keep the images."""
        return pair

    def distances_by_labelling(self, state: Pair, labels: Bools) -> Floats:
        """Return the squared Fréchet distance of every labelling."""
        found = np.empty(len(labels))
        for index, rows in enumerate(labels[:, state.part]):
            found[index] = squared_frechet_distance(state.unit[rows], state.unit[~rows])
        return found


def squared_frechet_distance(first: Floats, second: Floats) -> float:
    """Return the squared Fréchet distance of two samples (n, d) and (m, d)."""
    apart = first.mean(axis=0) - second.mean(axis=0)
    a, b = ledoit_wolf_covariance(first), ledoit_wolf_covariance(second)
    root = np.linalg.cholesky(a)
    # the roots of root' b root are those of a b, whose square root's trace is wanted
    roots = np.linalg.eigvalsh(root.T @ b @ root)
    shared = np.sqrt(np.maximum(roots, 0.0)).sum()
    return float(apart @ apart + np.trace(a) + np.trace(b) - 2 * shared)


def ledoit_wolf_covariance(rows: Floats) -> Floats:
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


Ints = npt.NDArray[np.int64]
_FEWEST = 64
_CELLS = 1 << 22


@dataclass(frozen=True, eq=False)
class _SortedProjections:
    part: Ints
    values: Floats
    order: Ints


@dataclass(frozen=True)
class SlicedMeasure:
    """Mean squared 2-Wasserstein distance along fixed directions (Bonneel et al., 2015)."""

    def precompute(self, pair: Pair) -> _SortedProjections:
        """Sort the images along every direction."""
        along = (pair.unit @ fixed_random_directions(pair.unit.shape[1])).T
        order = np.argsort(along, axis=1, kind="stable")
        return _SortedProjections(pair.part, np.take_along_axis(along, order, axis=1), order)

    def distances_by_labelling(self, state: _SortedProjections, labels: Bools) -> Floats:
        """Return the mean over directions for every labelling, shape (b,)."""
        rows = labels[:, state.part]
        if len(rows) == 1:
            return _distance_of_one_labelling(state, rows[0])
        step = max(1, _CELLS // rows.shape[1])
        return np.concatenate(
            [
                _mean_distances_over_directions(state, rows[low : low + step])
                for low in range(0, len(rows), step)
            ]
        )


def _mean_distances_over_directions(state: _SortedProjections, rows: Bools) -> Floats:
    counts = rows.sum(axis=1)
    most = int(max(counts.max(), (rows.shape[1] - counts).max()))
    levels = (np.arange(most) + 0.5) / most
    total = np.zeros(len(rows))
    for values, order in zip(state.values, state.order, strict=True):
        chosen = rows[:, order]
        total += _squared_quantile_distance(values, chosen, levels)
    return np.asarray(total / len(state.values))


def _distance_of_one_labelling(state: _SortedProjections, row: Bools) -> Floats:
    """Take all directions at once, which is faster than one by one for a single labelling."""
    chosen = row[state.order]
    first = state.values[chosen].reshape(len(chosen), -1)
    second = state.values[~chosen].reshape(len(chosen), -1)
    most = max(first.shape[1], second.shape[1])
    levels = (np.arange(most) + 0.5) / most
    at = [np.floor(levels * each.shape[1]).astype(np.int64) for each in (first, second)]
    return np.array([((first[:, at[0]] - second[:, at[1]]) ** 2).mean()])


def _squared_quantile_distance(values: Floats, chosen: Bools, levels: Floats) -> Floats:
    """Return the squared distance of both quantile functions, shape (b,)."""
    apart = _quantiles_of_chosen(values, chosen, levels) - _quantiles_of_chosen(
        values, ~chosen, levels
    )
    return np.asarray(np.einsum("bl,bl->b", apart, apart) / len(levels))


def _quantiles_of_chosen(values: Floats, chosen: Bools, levels: Floats) -> Floats:
    """Return the quantiles of the chosen among ascending values, shape (b, levels)."""
    counts = chosen.sum(axis=1)
    places = np.nonzero(chosen)[1]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    at = starts[:, None] + np.floor(levels * counts[:, None]).astype(np.int64)
    return np.asarray(values[places[at]])


@lru_cache(maxsize=4)
def fixed_random_directions(width: int) -> Floats:
    """Return fixed random directions of whole orthonormal bases, shape (d, l), l at least 64.

    Along a whole basis the mean squared shift of two means is the squared distance of the means
    over d, exactly, however they lie. Read-only: an interval asks for them some hundred times.
    """
    generator = np.random.default_rng(width)
    bases = [
        np.linalg.qr(generator.normal(size=(width, width)))[0] for _ in range(-(-_FEWEST // width))
    ]
    found: Floats = np.concatenate(bases, axis=1)
    found.flags.writeable = False
    return found
