"""Intervals: from bootstrap resamples of scenes, and from subsamples of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from rainmer_analysis.scores.measures.sample_pair import Pair
from rainmer_analysis.scores.score import Floats

__all__ = [
    "CUTS",
    "FEWEST_SCENES",
    "clip_interval_to_bounds",
    "interval_from_resamples",
    "subsample_interval",
]

FEWEST_SCENES = 5
"""Scenes that each dataset needs for an interval."""
CUTS = 16
"""Cuts into halves that an interval from subsamples takes."""
_FEWEST_CUT = 8
_MISSING = 0.1
Estimate = Callable[[Pair], float]


def interval_from_resamples(
    value: float,
    resampled: Floats,
    mirrored: Floats | None = None,
    *,
    scenes: int,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the interval of a smooth statistic from its bootstrap resamples.

    The value plus and minus Student's quantile times the resamples' standard deviation, which
    needs far fewer resamples than percentiles do, and is right for few scenes, where percentiles
    are too narrow (Hesterberg, The American Statistician 69, 2015).

    With the statistic at the mirrored weights 2 - w as well, half the difference of both is taken:
    of the variance that pairs of scenes add, which is all of it where the linear part vanishes,
    resamples show three times as much as samples do, and the difference twice. Intervals of such
    statistics are wide rather than narrow.

    Parameters
    ----------
    value
        The statistic of all scenes.
    resampled
        Shape (r,); NaN where it is missing in a resample.
    mirrored
        The statistic at the mirrored weights, shape (r,).
    scenes
        Of the dataset that has fewest.
    level
        Coverage.

    Returns
    -------
    tuple of float
        NaN where there are fewer than 5 scenes, or the statistic is missing in every tenth
        resample.
    """
    other = 2 * value - resampled if mirrored is None else mirrored
    known = np.isfinite(resampled) & np.isfinite(other)
    count = int(known.sum())
    if scenes < FEWEST_SCENES or count < max(2, (1 - _MISSING) * len(resampled)):
        return float("nan"), float("nan")
    variance = float(((resampled - other)[known] / 2).var(ddof=1)) * scenes / (scenes - 1)
    return _symmetric_interval(value, variance, min(scenes, count) - 1, level)


def subsample_interval(
    pair: Pair, value: float, estimate: Estimate, *, squared: bool, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a statistic of two samples from subsamples of their scenes.

    The scenes are cut into halves at random, 16 times, shared ones with all their images. Half the
    difference of what two halves give varies as the statistic itself does between samples
    (Politis, Romano and Wolf, Subsampling, 1999), but for what pairs of scenes add to the variance,
    which it shows twice. For a mean over pairs that share is what the mean of both halves varies by
    about the statistic, since all that is linear cancels there, and is taken off. No scene stands
    twice in a half, so that nearest neighbours and cross-validation mean there what they mean in
    the sample, which they do not in a bootstrap.

    Parameters
    ----------
    pair
        The two samples.
    value
        The statistic of both.
    estimate
        The statistic of a pair.
    squared
        Whether it estimates a squared distance without bias, by a mean over pairs of scenes: then
        its standard deviation grows with its root, an estimate that is low by chance comes with one
        that is too small, and the upper bound is taken on the scale of the root.
    level
        Coverage.

    Returns
    -------
    tuple of float
        NaN where there are fewer than 8 scenes, or the statistic is missing in a half.
    """
    if pair.smaller_scene_count < _FEWEST_CUT:
        return float("nan"), float("nan")
    found = np.array(
        [
            [estimate(pair.take_parts(half == part)) for part in (True, False)]
            for half in (pair.is_in_random_half(seed=cut) for cut in range(1, CUTS + 1))
        ]
    )
    variance = float((((found[:, 0] - found[:, 1]) / 2) ** 2).mean())
    if squared:  # at most half of it comes from pairs
        variance = max(variance - float(found.mean(axis=1).var(ddof=1)), variance / 2)
    low, high = _symmetric_interval(value, variance, min(CUTS, pair.smaller_scene_count - 1), level)
    half = high - value
    # (r + half / 2r)² for the root r of the value, which near zero may be as small as noise is
    return low, high + (half**2 / (4 * max(value, half / 2)) if squared and half > 0 else 0.0)


def _symmetric_interval(
    value: float, variance: float, freedom: int, level: float
) -> tuple[float, float]:
    half = float(stdtrit(freedom, (1 + level) / 2)) * np.sqrt(variance)
    return float(value - half), float(value + half)


def clip_interval_to_bounds(
    found: tuple[float, float], value: float, bounds: tuple[float, float]
) -> tuple[float, float]:
    """Cut off an interval what the score cannot be in expectation, but never its own value.

    No cosine is above 1 and no distance below 0, so that nothing that could be true is cut off.
    """
    # NaN, where there is no interval, stays NaN
    low, high = np.clip(found, min(bounds[0], value), max(bounds[1], value))
    return float(low), float(high)
