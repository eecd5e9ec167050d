"""Mixing of nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.scores.measures.sample_pair import Bools, Pair
from rainmer_analysis.scores.score import Floats

__all__ = ["NeighbourMeasure"]

_SHARE, _FEWEST = 20, 2
_CELLS = 1 << 22


@dataclass(frozen=True, eq=False)
class _NeighbourGraph:
    part: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int64]


@dataclass(frozen=True)
class NeighbourMeasure:
    """1 less how often neighbours are of the other sample (Schilling, JASA 81, 1986).

    The share of the nearest twentieth of all images, of other scenes, that are of the other sample;
    averaged over the images of each sample, then added for both, so that chance gives about 1. The
    number of neighbours grows with the samples, so that halves of them measure the same.
    """

    def precompute(self, pair: Pair) -> _NeighbourGraph:
        """Find the neighbours."""
        scenes = pair.scene_of_part[pair.part]
        fewest = len(scenes) - int(np.bincount(scenes).max())
        wanted = max(1, min(max(_FEWEST, len(scenes) // _SHARE), fewest))
        cosines = pair.unit @ pair.unit.T
        cosines[scenes[:, None] == scenes[None, :]] = -np.inf
        indices = np.argpartition(-cosines, wanted - 1, axis=1)[:, :wanted]
        return _NeighbourGraph(pair.part, indices)

    def distances_by_labelling(self, state: _NeighbourGraph, labels: Bools) -> Floats:
        """Return one less the mixing for every labelling, shape (b,)."""
        rows = labels[:, state.part]
        step = max(1, _CELLS // state.indices.size)
        return np.concatenate(
            [
                _one_less_neighbour_mixing(state.indices, rows[low : low + step])
                for low in range(0, len(rows), step)
            ]
        )


def _one_less_neighbour_mixing(indices: npt.NDArray[np.int64], rows: Bools) -> Floats:
    other = (rows[:, indices] != rows[:, :, None]).mean(axis=2)
    first = (other * rows).sum(axis=1) / rows.sum(axis=1)
    second = (other * ~rows).sum(axis=1) / (~rows).sum(axis=1)
    return np.asarray(1 - (first + second))
