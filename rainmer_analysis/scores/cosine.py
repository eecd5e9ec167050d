"""The mean cosine between the images of two datasets, from sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.scores.score import Context, Score

__all__ = ["COSINE", "PAPER", "Sums"]


@dataclass(frozen=True, eq=False)
class Sums:
    """All that the mean cosine needs of a dataset.

    Parameters
    ----------
    count
        Number of images n.
    total
        Sum of their unit vectors, shape (d,), float64.
    """

    count: int
    total: npt.NDArray[np.float64]


def _summarise(unit: npt.NDArray[np.float64]) -> Sums:
    return Sums(len(unit), unit.sum(axis=0))


def _merge(first: Sums, second: Sums) -> Sums:
    return Sums(first.count + second.count, first.total + second.total)


def _all_pairs(first: Sums, second: Sums, context: Context) -> float:  # noqa: ARG001
    return float(first.total @ second.total) / (first.count * second.count)


def _distinct_pairs(first: Sums, second: Sums, context: Context) -> float:
    if not context.same:
        return _all_pairs(first, second, context)
    count = first.count
    # n of the n^2 pairs are an image with itself, whose cosine is 1
    return (float(first.total @ second.total) - count) / (count * count - count)


COSINE = Score(
    name="cosine",
    about="mean cosine of all pairs of images; on the diagonal of all pairs of different images",
    summarise=_summarise,
    merge=_merge,
    compare=_distinct_pairs,
    fewest_same=2,
)

PAPER = Score(
    name="paper",
    about="mean cosine of all pairs, an image's pair with itself included, as published",
    summarise=_summarise,
    merge=_merge,
    compare=_all_pairs,
)
