"""Distances read as excess over what two halves of one set give."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.scores.measures import Measure, Pair

__all__ = ["excess_over_split_halves", "measure_as_labelled"]

SPLITS = 2


def measure_as_labelled(pair: Pair, measure: Measure) -> float:
    """Return a measure that is 0 in expectation for two halves of one set."""
    return float(measure.distances_by_labelling(measure.precompute(pair), pair.owner[None, :])[0])


def excess_over_split_halves(pair: Pair, measure: Measure, *, seed: int) -> float:
    """Return a measure between two sets less the same within each of them, at equal numbers.

    The scenes of both sets are cut into halves; the distance of a half of one set from a half of
    the other, less the distance between the halves of each, averaged over both ways and over two
    cuts. Whatever small samples add to a measure, they add to both, and two halves of one set give
    0 in expectation. Scenes that stand in both sets fall into the same half, so that what is
    compared never shares a scene.

    Parameters
    ----------
    pair
        The two samples.
    measure
        Any.
    seed
        Seed of the cuts.
    """
    equal = pair.with_equal_scene_counts()
    found = []
    for cut in range(SPLITS):
        half = equal.is_in_random_half(seed=seed + cut)
        crossed = half == equal.owner  # first half of the first set, second half of the second
        between = (
            measure_as_labelled(equal.take_parts(crossed), measure),
            measure_as_labelled(equal.take_parts(~crossed), measure),
        )
        within = (
            measure_as_labelled(equal.take_parts(own, owner=half), measure)
            for own in (equal.owner, ~equal.owner)
        )
        found.append((sum(between) - sum(within)) / 2)
    return float(np.mean(found))
