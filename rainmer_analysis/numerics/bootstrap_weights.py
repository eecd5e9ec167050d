"""Bootstrap weights: how often each scene stands in each resample."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import pdtr

from rainmer_analysis.errors import ParameterError

__all__ = ["bootstrap_scene_weights", "hash_scene_names", "poisson_weights", "splitmix64"]

# Cells of one block of weights: 4 million float64 are 32 MB.
_CELLS = 1 << 22
_STEP = np.uint64(0x9E3779B97F4A7C15)
# the Poisson(1) count of each of the 65,536 numbers that 16 bits hold
_POISSON = np.searchsorted(pdtr(np.arange(12), 1.0), (np.arange(1 << 16) + 0.5) / (1 << 16)) * 1.0


def bootstrap_scene_weights(
    strata: npt.ArrayLike, *, resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    """Draw how often each scene stands in each bootstrap resample.

    Within each stratum as many scenes are drawn, with replacement, as it holds; so every row of
    weights sums to the number of scenes, and no stratum is ever empty.

    Raises ParameterError: there is no scene, or fewer than one resample is asked for.

    Parameters
    ----------
    strata
        Shape (g,), int: the stratum of each scene.
    resamples
        How many resamples, at least 1.
    seed
        Seed of the draws.

    Returns
    -------
    numpy.ndarray
        Shape (resamples, g), float64.
    """
    labels = np.asarray(strata, dtype=np.int64)
    if labels.ndim != 1 or len(labels) == 0 or resamples < 1:
        raise ParameterError(
            f"{resamples} resamples of {labels.size} scenes were asked for; "
            "a bootstrap needs at least one of both"
        )
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == stratum) for stratum in np.unique(labels)]
    # drawn block by block, which decides how draws fall to strata and resamples
    height = max(1, _CELLS // len(labels))
    return np.concatenate(
        [
            _draw_scene_counts(members, min(height, resamples - start), generator)
            for start in range(0, resamples, height)
        ]
    )


def _draw_scene_counts(
    strata_members: list[npt.NDArray[np.int64]], resamples: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    counts = np.zeros((resamples, sum(len(scenes) for scenes in strata_members)))
    for scenes in strata_members:
        size = len(scenes)
        drawn = generator.integers(size, size=(resamples, size))
        flat = (drawn + size * np.arange(resamples)[:, None]).ravel()
        counts[:, scenes] = np.bincount(flat, minlength=resamples * size).reshape(resamples, size)
    return counts


def poisson_weights(keys: npt.ArrayLike, *, resamples: int, seed: int) -> npt.NDArray[np.float64]:
    """Draw Poisson(1) counts of scenes in bootstrap resamples, from the scenes' keys alone.

    A scene's counts depend on its key, the seed and the number of the resample, on nothing else:
    they can be drawn batch by batch while a table streams, in any order, and a scene that stands in
    several datasets, tables or sketches gets the same counts in all of them. The first r columns
    are the same for every number of resamples from r up. Counts come from 16 bits each, so that
    their probabilities are right to 2^-17. (Poisson bootstrap: Hanley and MacGibbon, Computer
    Methods and Programs in Biomedicine 83, 2006; Chamandy et al., 2012.)

    Parameters
    ----------
    keys
        Shape (g,), uint64: a well mixed hash of each scene's name, as of `hash_scene_names`.
    resamples
        How many resamples, at least 0.
    seed
        Seed of the draws.

    Returns
    -------
    numpy.ndarray
        Shape (g, resamples), float64.
    """
    # splitmix64 (Steele, Lea and Flood, OOPSLA 2014), started at each scene's key
    start = np.asarray(keys, dtype=np.uint64) ^ splitmix64(np.uint64(seed % 2**64))
    blocks = -(-resamples // 4)
    words = np.empty((len(start), blocks), dtype="<u8")
    with np.errstate(over="ignore"):
        for block in range(blocks):
            words[:, block] = splitmix64(start + np.uint64(block) * _STEP)
    # as bytes in little-endian order, so that every machine reads the same four numbers of a word
    draws = words.view("<u2").reshape(len(start), 4 * blocks)
    return np.asarray(_POISSON[draws[:, :resamples]])


def hash_scene_names(names: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Hash names of scenes to 64 bits, the same on every machine, shape (n,)."""
    given = np.fromiter(names, dtype=object)
    return np.asarray(pd.util.hash_array(given, categorize=False), dtype=np.uint64)


def splitmix64(keys: Any) -> Any:
    """Hash 64-bit numbers to others: one step of splitmix64 from each."""
    with np.errstate(over="ignore"):
        word = keys + _STEP
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return word ^ (word >> np.uint64(31))
