"""What a measure gives where two datasets are one: scenes change their labels."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.scores.measures.sample_pair import Pair

__all__ = ["permutation_p_value"]


def permutation_p_value(pair: Pair, measure: object, *, permutations: int, seed: int) -> float:
    """Test whether two samples are of one distribution of scenes.

    Whole scenes change their labels; the images of a scene that stands in both datasets change
    them with each other. Exact for every measure and every number of permutations: where both are
    one, p is up to 0.05 in at most 5 % of cases.

    Parameters
    ----------
    pair
        The two samples.
    measure
        With ``precompute(pair)`` and ``distances_by_labelling(state, labels)``.
    permutations
        How many, at least 1.
    seed
        Seed of the permutations.

    Returns
    -------
    float
        p, at least 1 / (permutations + 1).
    """
    labels = np.concatenate([pair.owner[None, :], pair.permuted_owners(permutations, seed=seed)])
    found = measure.distances_by_labelling(measure.precompute(pair), labels)  # type: ignore[attr-defined]
    found = np.where(np.isnan(found), -np.inf, found)
    # equal labellings give values that differ by rounding
    tolerance = 1e-10 * max(1.0, abs(float(found[0]))) if np.isfinite(found[0]) else 0.0
    return float((1 + (found[1:] >= found[0] - tolerance).sum()) / (permutations + 1))
