"""Energy distance and maximum mean discrepancy, without bias, over pairs of different scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.scores.measures.cosine_measures import Blocks, means_within_and_between
from rainmer_analysis.scores.measures.sample_pair import Bools, Pair
from rainmer_analysis.scores.score import Floats

__all__ = ["EnergyMeasure", "MMDMeasure"]


def _squared_chords(unit: Floats) -> Floats:
    lengths = np.einsum("nd,nd->n", unit, unit)
    squares = lengths[:, None] + lengths[None, :] - 2 * unit @ unit.T
    return np.asarray(np.maximum(squares, 0.0))


def _kernel_sums_between_scenes(pair: Pair, cells: Floats) -> Blocks:
    pairs = np.outer(pair.sizes, pair.sizes) * pair.different_scene_mask
    return Blocks(
        pair.sum_cells_between_parts(cells) * pair.different_scene_mask,
        pairs,
        pair.sizes,
        pair.sizes,
    )


class _KernelMeasure:
    def distances_by_labelling(self, state: Blocks, labels: Bools) -> Floats:
        """Return the squared distance of the kernel's mean embeddings, shape (b,)."""
        first, second, between = means_within_and_between(state, labels)
        return np.asarray(first + second - 2 * between)


@dataclass(frozen=True)
class EnergyMeasure(_KernelMeasure):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| (Székely and Rizzo, 2013), chords of the unit sphere."""

    def precompute(self, pair: Pair) -> Blocks:
        """Sum the distances between scenes."""
        return _kernel_sums_between_scenes(pair, -np.sqrt(_squared_chords(pair.unit)))


@dataclass(frozen=True)
class MMDMeasure(_KernelMeasure):
    """Squared MMD of the Gaussian kernel (Gretton et al., JMLR 13, 2012).

    The bandwidth is the median distance of images from different scenes of both samples, the same
    for every labelling.
    """

    def precompute(self, pair: Pair) -> Blocks:
        """Sum the kernel between scenes."""
        squares = _squared_chords(pair.unit)
        apart = pair.scene_of_part[pair.part]
        chosen = squares[np.triu(apart[:, None] != apart[None, :], k=1)]
        bandwidth = float(np.median(chosen)) if chosen.size else 1.0
        return _kernel_sums_between_scenes(pair, np.exp(-squares / (2 * max(bandwidth, 1e-12))))
