"""Uncertainty over scenes of statistics of the whole cosine matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.score import Context, Floats
from rainmer_analysis.scores.streaming import COSINE, SceneSums, scene_sums_by_dataset
from rainmer_analysis.values import EmbeddingTable, report_progress

__all__ = ["Interval", "Statistic", "bootstrap", "cosine_matrices"]

# (values (k, k), names of the k datasets) -> number
Statistic = Callable[[Floats, tuple[str, ...]], float]


class Interval(NamedTuple):
    """A value and the bounds of its percentile interval."""

    value: float
    low: float
    high: float


def bootstrap(
    table: EmbeddingTable,
    statistic: Statistic,
    *,
    resamples: int = 1000,
    seed: int = 42,
    level: float = 0.95,
) -> Interval:
    """Return a statistic of the cosine matrix with its percentile interval over scenes.

    Scenes, not images, are resampled: each stands as often as a Poisson count of mean 1 says, the
    same in every dataset that it stands in. On the diagonal pairs of images of one scene count
    within each copy and never between copies, and an image is not paired with itself. What shared
    scenes add to the mean of the resamples is taken off each cell.

    Such an interval says what other scenes would have given, not what another training run of the
    encoder would.

    Raises ParameterError: a parameter is not allowed, or the table is empty.

    Parameters
    ----------
    table
        At least one row.
    statistic
        Function of the scores (k, k) and the dataset names to a number; it is called once for the
        table and once per resample.
    resamples
        How many, at least 1.
    seed
        Seed of the draws.
    level
        Coverage, strictly between 0 and 1.

    Returns
    -------
    Interval
        ``low`` and ``high`` are NaN where the statistic is missing in half of the resamples.
    """
    if not 0 < level < 1:
        raise ParameterError(f"the level is {level}; give a share between 0 and 1, such as 0.95")
    if len(table) == 0:
        raise ParameterError("the table holds no image; a bootstrap needs at least one")
    if resamples < 1:
        raise ParameterError(
            f"{resamples} resamples were asked for; a bootstrap needs at least one"
        )
    context = Context(resamples=resamples, seed=seed)
    sums = scene_sums_by_dataset(table, context)
    matrices, names = cosine_matrices([*sums.values()], context), tuple(sums)
    value = statistic(matrices[0], names)
    taken = np.array(
        [statistic(values, names) for values in _recentre_resamples_on_estimate(matrices)]
    )
    there = taken[np.isfinite(taken)]
    if 2 * len(there) <= resamples:
        return Interval(float(value), float("nan"), float("nan"))
    tail = (1 - level) / 2
    low, high = np.quantile(there, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))


def _recentre_resamples_on_estimate(matrices: Floats) -> Floats:
    """Return the resampled matrices with the mean that the first one has, cell by cell."""
    drawn = matrices[1:]
    there = np.isfinite(drawn)
    count = there.sum(axis=0)
    mean = np.where(there, drawn, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.asarray(drawn - mean + matrices[0])


def cosine_matrices(sums: Sequence[SceneSums], context: Context) -> Floats:
    """Return the cosine matrix of datasets, then of each resample of them, shape (1 + r, k, k)."""
    assert COSINE.resampled is not None
    found = np.empty((1 + context.resamples, len(sums), len(sums)))
    pairs = list(combinations_with_replacement(range(len(sums)), 2))
    for finished, (a, b) in enumerate(pairs, start=1):
        cell = replace(context, same=a == b)
        found[0, a, b] = COSINE.compare(sums[a], sums[b], cell)
        found[1:, a, b] = COSINE.resampled(sums[a], sums[b], cell)
        found[:, b, a] = found[:, a, b]
        if context.resamples:
            report_progress(finished, len(pairs), "pair")
    return found
