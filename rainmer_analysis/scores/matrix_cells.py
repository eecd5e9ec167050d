"""The cells of a matrix: values, intervals, ceilings and permutation p."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rainmer_analysis.scores.inference import benjamini_hochberg, clip_to_bounds, permutation_p
from rainmer_analysis.scores.measures import pair_samples
from rainmer_analysis.scores.score import SAMPLE, SUMS, Context, Data, Floats, Score
from rainmer_analysis.values import report_progress

__all__ = [
    "Cells",
    "compare_cells",
    "permutation_tests",
]


@dataclass(frozen=True, eq=False)
class Cells:
    """Values and bounds, shape (k, k); the bounds are None where they were not asked for."""

    values: Floats
    low: Floats | None
    high: Floats | None


def compare_cells(
    score: Score, data: Data, kept: Data, context: Context, *, level: float, bounds: bool
) -> Cells:
    """Compare every pair of the datasets that are kept; the other cells are missing."""
    names, kind = list(data), SUMS if score.streams else SAMPLE
    values, low, high = np.full((3, len(names), len(names)), np.nan)

    def fill(a: int, b: int) -> None:
        first, second = (data[names[at]].summaries[kind] for at in (a, b))
        told = replace(context, same=a == b)
        values[a, b] = values[b, a] = score.compare(first, second, told)
        if bounds:
            found = score.interval(first, second, told, level)
            low[a, b], high[a, b] = clip_to_bounds(found, values[a, b], score.bounds)
            low[b, a], high[b, a] = low[a, b], high[a, b]

    _fill_cells(score, data, kept, fill)
    return Cells(values, low if bounds else None, high if bounds else None)


def permutation_tests(
    score: Score, data: Data, kept: Data, context: Context, *, permutations: int
) -> tuple[Floats, Floats]:
    """Test every pair of the datasets that are kept; return p and q, shape (k, k).

    The diagonals are missing; q is adjusted over all pairs (Benjamini and Hochberg).
    """
    names = list(data)
    p = np.full((len(names), len(names)), np.nan)
    measure = score.measure
    if context.reference is not None:
        measure = replace(measure, mean=context.reference.mean)

    def fill(a: int, b: int) -> None:
        if a == b:
            return
        first, second = (data[names[at]].summaries[SAMPLE] for at in (a, b))
        p[a, b] = p[b, a] = permutation_p(
            pair_samples(first, second), measure, permutations=permutations, seed=context.seed
        )

    _fill_cells(score, data, kept, fill)
    return p, benjamini_hochberg(p)


def _fill_cells(score: Score, data: Data, kept: Data, fill: Callable[[int, int], None]) -> None:
    names = list(data)
    # in the order of names, so that nothing depends on which dataset came first
    pairs = [
        sorted((a, b), key=lambda place: names[place])
        for a, name in enumerate(names)
        for b in range(a, len(names))
        if name in kept and names[b] in kept and (a != b or data[name].count >= score.fewest_same)
    ]
    for finished, (a, b) in enumerate(pairs, start=1):
        fill(a, b)
        report_progress(finished, len(pairs), "pair")
