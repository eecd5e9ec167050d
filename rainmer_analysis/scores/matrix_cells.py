"""The cells of a matrix: values, intervals, ceilings and permutation p."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rainmer_analysis.scores.inference import (
    benjamini_hochberg,
    clip_interval_to_bounds,
    permutation_p_value,
)
from rainmer_analysis.scores.measures import pair_samples
from rainmer_analysis.scores.score import SAMPLE, SUMS, Context, Data, Floats, Score
from rainmer_analysis.values import report_progress

__all__ = ["Cells", "compare_dataset_pairs", "permutation_p_and_q"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Values and bounds, shape (k, k); the bounds are None where they were not asked for."""

    values: Floats
    low: Floats | None
    high: Floats | None


def compare_dataset_pairs(
    score: Score, data: Data, large_enough: Data, context: Context, *, level: float, bounds: bool
) -> Cells:
    """Compare every pair of the datasets that are large enough; the other cells are missing."""
    names, kind = list(data), SUMS if score.is_streaming else SAMPLE
    values, low, high = np.full((3, len(names), len(names)), np.nan)

    def compare_pair(a: int, b: int) -> None:
        first, second = (data[names[at]].summaries[kind] for at in (a, b))
        cell = replace(context, same=a == b)
        values[a, b] = values[b, a] = score.compare(first, second, cell)
        if bounds:
            found = score.interval(first, second, cell, level)
            low[a, b], high[a, b] = clip_interval_to_bounds(found, values[a, b], score.bounds)
            low[b, a], high[b, a] = low[a, b], high[a, b]

    _for_each_pair(score, data, large_enough, compare_pair)
    return Cells(values, low if bounds else None, high if bounds else None)


def permutation_p_and_q(
    score: Score, data: Data, large_enough: Data, context: Context, *, permutations: int
) -> tuple[Floats, Floats]:
    """Test every pair of the datasets that are large enough; return p and q, shape (k, k).

    The diagonals are missing; q is adjusted over all pairs (Benjamini and Hochberg).
    """
    names = list(data)
    p = np.full((len(names), len(names)), np.nan)
    measure = score.measure
    if context.reference is not None:
        measure = replace(measure, mean=context.reference.mean)

    def test_pair(a: int, b: int) -> None:
        if a == b:
            return
        first, second = (data[names[at]].summaries[SAMPLE] for at in (a, b))
        p[a, b] = p[b, a] = permutation_p_value(
            pair_samples(first, second), measure, permutations=permutations, seed=context.seed
        )

    _for_each_pair(score, data, large_enough, test_pair)
    return p, benjamini_hochberg(p)


def _for_each_pair(
    score: Score, data: Data, large_enough: Data, visit: Callable[[int, int], None]
) -> None:
    names = list(data)
    # in the order of names, so that nothing depends on which dataset came first
    pairs = [
        sorted((a, b), key=lambda place: names[place])
        for a, name in enumerate(names)
        for b in range(a, len(names))
        if name in large_enough
        and names[b] in large_enough
        and (a != b or data[name].count >= score.fewest_same)
    ]
    for finished, (a, b) in enumerate(pairs, start=1):
        visit(a, b)
        report_progress(finished, len(pairs), "pair")
