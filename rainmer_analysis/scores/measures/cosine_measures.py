"""Measures of mean cosines: how far the scores fall short of their ceilings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rainmer_analysis.scores.measures.sample_pair import Bools, Pair
from rainmer_analysis.scores.score import Floats

__all__ = [
    "Blocks",
    "CentredMeasure",
    "CosineMeasure",
    "DirectionMeasure",
    "PaperMeasure",
    "mean_or_nan",
    "means_within_and_between",
]

_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Blocks:
    """Sums of a kernel, and numbers of pairs of images, between parts.

    Parameters
    ----------
    sums, pairs
        Shape (p, p); 0 where pairs are left out.
    sizes, lengths
        Images of each part, and their summed squared lengths, shape (p,).
    """

    sums: Floats
    pairs: Floats
    sizes: Floats
    lengths: Floats


def means_within_and_between(blocks: Blocks, labels: Bools) -> tuple[Floats, Floats, Floats]:
    """Return the means within the first set, within the second and between them, shape (b,)."""
    first = labels.astype(np.float64)
    found = []
    for cells in (blocks.sums, blocks.pairs):
        rows = first @ cells
        within = np.einsum("bp,bp->b", rows, first)
        between = rows.sum(axis=1) - within
        found.append((within, cells.sum() - within - 2 * between, between))
    (aa, bb, ab), (pairs_aa, pairs_bb, pairs_ab) = found
    return mean_or_nan(aa, pairs_aa), mean_or_nan(bb, pairs_bb), mean_or_nan(ab, pairs_ab)


def mean_or_nan(sums: Floats, pairs: Floats) -> Floats:
    """Return sums over the number of pairs, NaN where there is none."""
    there = pairs > 0.5
    return np.asarray(np.where(there, sums / np.where(there, pairs, 1.0), np.nan))


def _product_sums_between_parts(pair: Pair, unit: Floats, *, other_scenes: bool) -> Blocks:
    starts = np.searchsorted(pair.part, np.arange(len(pair.scene_of_part)))
    totals = np.add.reduceat(unit, starts, axis=0)
    sums, pairs = totals @ totals.T, np.outer(pair.sizes, pair.sizes)
    if other_scenes:
        sums, pairs = sums * pair.different_scene_mask, pairs * pair.different_scene_mask
    lengths = np.add.reduceat(np.einsum("nd,nd->n", unit, unit), starts)
    return Blocks(sums, pairs, pair.sizes, lengths)


@dataclass(frozen=True)
class CosineMeasure:
    """Mean of both ceilings less the mean cosine between; pairs within a scene are left out."""

    def precompute(self, pair: Pair) -> Blocks:
        """Sum the cosines between scenes."""
        return _product_sums_between_parts(pair, pair.unit, other_scenes=True)

    def distances_by_labelling(self, state: Blocks, labels: Bools) -> Floats:
        """Return half the squared distance of the means, unbiased."""
        first, second, between = means_within_and_between(state, labels)
        return np.asarray((first + second) / 2 - between)


@dataclass(frozen=True)
class PaperMeasure(CosineMeasure):
    """The same with all pairs, as published."""

    def precompute(self, pair: Pair) -> Blocks:
        """Sum the cosines of all pairs."""
        return _product_sums_between_parts(pair, pair.unit, other_scenes=False)


@dataclass(frozen=True, eq=False)
class CentredMeasure:
    """The same of vectors measured from a reference, in units of their lengths."""

    mean: Floats = field(default_factory=lambda: np.zeros(1))

    def precompute(self, pair: Pair) -> Blocks:
        """Sum the products between scenes."""
        return _product_sums_between_parts(pair, pair.unit - self.mean, other_scenes=True)

    def distances_by_labelling(self, state: Blocks, labels: Bools) -> Floats:
        """Return how far the score falls short of its ceilings."""
        first, second, between = means_within_and_between(state, labels)
        own = labels.astype(np.float64)
        squares = [
            (weights @ state.lengths) / (weights @ state.sizes) for weights in (own, 1.0 - own)
        ]
        scale = np.sqrt(squares[0] * squares[1])
        return np.asarray((first / squares[0] + second / squares[1]) / 2 - between / scale)


@dataclass(frozen=True)
class DirectionMeasure(CosineMeasure):
    """One less the cosine of mean directions."""

    def distances_by_labelling(self, state: Blocks, labels: Bools) -> Floats:
        """Return what the cosine of mean directions lacks to 1."""
        first, second, between = means_within_and_between(state, labels)
        scale = np.sqrt(np.clip(first, 1e-12, None) * np.clip(second, 1e-12, None))
        return np.asarray(1 - between / scale)
