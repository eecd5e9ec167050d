"""Intervals: from bootstrap resamples of scenes, and from subsamples of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from rainmer_analysis.scores.measures.pair import Pair
from rainmer_analysis.scores.score import Floats

__all__ = ["FEWEST_SCENES", "GROUPS", "bootstrap_interval", "subsample_interval"]

FEWEST_SCENES = 5
"""Scenes that each dataset needs for an interval."""
GROUPS = 20
"""Subsamples of an interval; each leaves out one of as many groups of scenes."""
_MISSING = 0.1
Estimate = Callable[[Pair], float]


def bootstrap_interval(
    value: float, resampled: Floats, *, scenes: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a smooth statistic from its bootstrap resamples.

    The value plus and minus Student's quantile times the resamples' standard deviation, which
    needs far fewer resamples than percentiles do, and is right for few scenes, where percentiles
    are too narrow (Hesterberg, The American Statistician 69, 2015).

    Parameters
    ----------
    value
        The statistic of all scenes.
    resampled
        Shape (r,); NaN where it is missing in a resample.
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
    there = resampled[np.isfinite(resampled)]
    if scenes < FEWEST_SCENES or len(there) < max(2, (1 - _MISSING) * len(resampled)):
        return float("nan"), float("nan")
    freedom = min(scenes, len(there)) - 1
    half = stdtrit(freedom, (1 + level) / 2) * there.std(ddof=1) * np.sqrt(scenes / (scenes - 1))
    return float(value - half), float(value + half)


def subsample_interval(
    pair: Pair, value: float, estimate: Estimate, *, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a statistic of two samples from subsamples of their scenes.

    Scenes are dealt to 20 groups, shared ones with all their images; each subsample leaves one
    group out (delete-group jackknife; Politis, Romano and Wolf, Subsampling, 1999). No scene stands
    twice in a subsample, so that nearest neighbours and cross-validation mean what they mean in the
    sample, which they do not in a bootstrap.

    Parameters
    ----------
    pair
        The two samples.
    value
        The statistic of both.
    estimate
        The statistic of a pair.
    level
        Coverage.

    Returns
    -------
    tuple of float
        NaN where there are fewer than 5 scenes, or the statistic is missing in a subsample.
    """
    if pair.fewest_scenes < FEWEST_SCENES:
        return float("nan"), float("nan")
    groups = pair.deal(min(GROUPS, pair.fewest_scenes))
    count = int(groups.max()) + 1
    left = np.array([estimate(pair.take(groups != group)) for group in range(count)])
    spread = np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum())
    half = stdtrit(count - 1, (1 + level) / 2) * spread
    return float(value - half), float(value + half)
