"""Weights that resample scenes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = ["scene_weights"]

# Cells of one block of weights: 4 million float64 are 32 MB.
_CELLS = 1 << 22


def scene_weights(
    strata: npt.ArrayLike, *, resamples: int, seed: int
) -> Iterator[npt.NDArray[np.float64]]:
    """Draw how often each scene stands in each bootstrap resample.

    Within each stratum as many scenes are drawn, with replacement, as it holds; so every row of
    weights sums to the number of scenes, and no stratum is ever empty.

    Parameters
    ----------
    strata
        Shape (g,), int: the stratum of each scene.
    resamples
        How many resamples, at least 1.
    seed
        Seed of the draws.

    Yields
    ------
    numpy.ndarray
        Blocks of shape (b, g), float64; together `resamples` rows.

    Raises
    ------
    ParameterError
        There is no scene, or fewer than one resample is asked for.
    """
    labels = np.asarray(strata, dtype=np.int64)
    if labels.ndim != 1 or len(labels) == 0 or resamples < 1:
        raise ParameterError(
            f"{resamples} resamples of {labels.size} scenes were asked for; "
            "a bootstrap needs at least one of both"
        )
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == stratum) for stratum in np.unique(labels)]
    height = max(1, _CELLS // len(labels))
    for start in range(0, resamples, height):
        yield _draw(members, min(height, resamples - start), generator)


def _draw(
    members: list[npt.NDArray[np.int64]], rows: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    weights = np.zeros((rows, sum(len(scenes) for scenes in members)))
    for scenes in members:
        size = len(scenes)
        drawn = generator.integers(size, size=(rows, size))
        flat = (drawn + size * np.arange(rows)[:, None]).ravel()
        weights[:, scenes] = np.bincount(flat, minlength=rows * size).reshape(rows, size)
    return weights
