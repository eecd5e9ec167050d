"""Uncertainty over scenes of statistics of the cosine matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import scene_weights, unit_rows
from rainmer_analysis.values import EmbeddingTable

__all__ = ["Interval", "Statistic", "bootstrap"]

Floats = npt.NDArray[np.float64]
# (values (k, k), names of the k datasets) -> number
Statistic = Callable[[Floats, tuple[str, ...]], float]


class Interval(NamedTuple):
    """A value and the bounds of its percentile interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class _SceneSums:
    """Sums of each scene in each dataset: all that resampling needs.

    Parameters
    ----------
    members
        For each of k datasets its scenes among all g.
    totals
        For each dataset the summed unit vectors of those scenes, shape (g_a, d).
    counts
        Images of each scene in each dataset, shape (g, k).
    overlap
        Scalar products of a scene's totals in two datasets, shape (g, k, k).
    strata
        Number of the set of datasets that a scene stands in, shape (g,).
    """

    members: tuple[npt.NDArray[np.int64], ...]
    totals: tuple[Floats, ...]
    counts: Floats
    overlap: Floats
    strata: npt.NDArray[np.int64]


def bootstrap(
    table: EmbeddingTable,
    statistic: Statistic,
    *,
    resamples: int = 1000,
    seed: int = 42,
    level: float = 0.95,
) -> Interval:
    """Give a statistic of the cosine matrix with its percentile interval over scenes.

    Scenes, not images, are drawn with replacement. A scene that stands in several datasets is
    drawn for all of them at once, and draws happen within strata, the sets of datasets that a scene
    stands in, so that every dataset keeps its number of scenes. In a resample a scene drawn w times
    is w scenes; pairs of images of one scene count within each copy and never between copies, and
    an image is not paired with itself: with every w = 1 the matrix is that of the score ``cosine``.

    Such an interval says what other scenes would have given, not what another training run of the
    encoder would.

    Parameters
    ----------
    table
        At least one row.
    statistic
        Function of the scores (k, k) and the dataset names to a number; it is called once for the
        table and once per resample.
    resamples
        How many, at least 1.
    seed
        Seed of the draws.
    level
        Coverage, strictly between 0 and 1.

    Returns
    -------
    Interval
        ``low`` and ``high`` are NaN where the statistic is missing in any resample.

    Raises
    ------
    ParameterError
        A parameter is not allowed, or the table is empty.
    """
    if not 0 < level < 1:
        raise ParameterError(f"the level is {level}; give a share between 0 and 1, such as 0.95")
    if len(table) == 0:
        raise ParameterError("the table holds no image; a bootstrap needs at least one")
    names = table.rows.datasets
    sums = _scene_sums(table)
    value = statistic(_matrices(sums, np.ones((1, len(sums.strata))))[0], names)
    drawn = [
        statistic(values, names)
        for weights in scene_weights(sums.strata, resamples=resamples, seed=seed)
        for values in _matrices(sums, weights)
    ]
    tail = (1 - level) / 2
    low, high = np.quantile(np.asarray(drawn, dtype=np.float64), [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))


def _scene_sums(table: EmbeddingTable) -> _SceneSums:
    unit, codes, names = unit_rows(table.vectors), table.rows.codes, table.rows.datasets
    scenes, scene = np.unique(table.rows.column("group").astype(str), return_inverse=True)
    counts = np.zeros((len(scenes), len(names)))
    np.add.at(counts, (scene, codes), 1.0)
    members = tuple(np.flatnonzero(column) for column in counts.T)
    totals = []
    for code, present in enumerate(members):
        sums = np.zeros((len(present), table.dim))
        own = codes == code
        np.add.at(sums, np.searchsorted(present, scene[own]), unit[own])
        totals.append(sums)
    # strata and their order depend on names alone, so the order of rows does not matter
    alphabetical = np.argsort(np.asarray(names))
    _, strata = np.unique(counts[:, alphabetical] > 0, axis=0, return_inverse=True)
    return _SceneSums(
        members, tuple(totals), counts, _overlap(members, totals, len(scenes)), strata.reshape(-1)
    )


def _overlap(
    members: tuple[npt.NDArray[np.int64], ...], totals: list[Floats], scenes: int
) -> Floats:
    size = len(members)
    overlap = np.zeros((scenes, size, size))
    for a in range(size):
        for b in range(a, size):
            shared, at_a, at_b = np.intersect1d(
                members[a], members[b], assume_unique=True, return_indices=True
            )
            products = np.einsum("gd,gd->g", totals[a][at_a], totals[b][at_b])
            overlap[shared, a, b] = overlap[shared, b, a] = products
    return overlap


def _matrices(sums: _SceneSums, weights: Floats) -> Floats:
    """Give the cosine matrix of each row of weights, shape (b, k, k)."""
    size, scenes = len(sums.members), len(sums.strata)
    whole = np.stack(
        [
            weights[:, present] @ totals
            for present, totals in zip(sums.members, sums.totals, strict=True)
        ],
        axis=1,
    )
    images = weights @ sums.counts
    between_copies = weights**2 - weights
    scalar = whole @ whole.transpose(0, 2, 1)
    scalar -= (between_copies @ sums.overlap.reshape(scenes, -1)).reshape(-1, size, size)
    pairs = images[:, :, None] * images[:, None, :]
    pair_counts = sums.counts[:, :, None] * sums.counts[:, None, :]
    pairs -= (between_copies @ pair_counts.reshape(scenes, -1)).reshape(-1, size, size)
    diagonal = np.arange(size)
    scalar[:, diagonal, diagonal] -= images
    pairs[:, diagonal, diagonal] -= images
    missing = pairs < 0.5
    return np.asarray(np.where(missing, np.nan, scalar / np.where(missing, 1.0, pairs)))
