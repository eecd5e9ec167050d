"""Representational similarity of two encoders' dataset matrices, with its ceiling."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.stats import rankdata

from rainmer_analysis.numerics import splitmix64
from rainmer_analysis.scores.score import Batch, Context, Floats
from rainmer_analysis.scores.streaming import COSINE, SceneSums, sum_scenes
from rainmer_analysis.values import report_progress

__all__ = ["FEWEST_DATASETS", "dataset_matrices", "rank_correlation", "split_half_reliability"]

FEWEST_DATASETS = 4
"""Three datasets have three pairs, whose ranks agree by chance in one case of six."""
_SPLITS = 20


def rank_correlation(first: Floats, second: Floats) -> float:
    """Return Spearman's correlation of the cells above the diagonal of two matrices (k, k)."""
    rows, columns = np.triu_indices(len(first), k=1)
    ranks = [rankdata(matrix[rows, columns]) for matrix in (first, second)]
    if min(np.ptp(each) for each in ranks) == 0:
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def dataset_matrices(batches: list[Batch], context: Context) -> Floats:
    """Return the cosine matrix of datasets and of each resample of them, shape (1 + r, k, k).

    The diagonal, which no correlation looks at, is left 0.
    """
    sums = [sum_scenes(batch, context) for batch in batches]
    found = np.zeros((1 + context.resamples, len(sums), len(sums)))
    pairs = list(itertools.combinations(range(len(sums)), 2))
    for finished, (a, b) in enumerate(pairs, start=1):
        found[:, a, b] = found[:, b, a] = _cosine_in_resamples(sums[a], sums[b], context)
        if context.resamples:
            report_progress(finished, len(pairs), "pair")
    return found


def _cosine_in_resamples(first: SceneSums, second: SceneSums, context: Context) -> Floats:
    assert COSINE.resampled is not None
    drawn = COSINE.resampled(first, second, context)
    return np.concatenate([[COSINE.compare(first, second, context)], drawn])


def split_half_reliability(batches: list[Batch], *, seed: int) -> float:
    """Return how well a dataset matrix agrees with that of as many other scenes.

    Scenes are cut into halves, the same in all datasets; the mean correlation of the two halves'
    matrices over 20 cuts, stepped up to the whole number of scenes (Spearman and Brown, 1910).
    """
    found = []
    for cut in range(_SPLITS):
        halves = [_half_of_scenes(batches, seed + cut, upper=upper) for upper in (False, True)]
        if min(len(batch.unit) for half in halves for batch in half) == 0:
            return float("nan")
        matrices = [dataset_matrices(half, Context())[0] for half in halves]
        found.append(rank_correlation(*matrices))
        report_progress(cut + 1, _SPLITS, "cut")
    half = float(np.mean(found))
    return max(0.0, 2 * half / (1 + half)) if half > -1 else 0.0


def _half_of_scenes(batches: list[Batch], seed: int, *, upper: bool) -> list[Batch]:
    found = []
    for batch in batches:
        draw = splitmix64(batch.scenes ^ splitmix64(np.uint64(seed)))
        own = (draw >> np.uint64(63) == 1) == upper
        found.append(Batch(batch.unit[own], batch.scenes[own], batch.images[own]))
    return found
