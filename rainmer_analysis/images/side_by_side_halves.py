"""Two images of one file, side by side: whether they show one scene, and which has the rain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.images.decoding import FloatImage
from rainmer_analysis.images.image_and_pair_measures import luma

__all__ = ["MIN_LIKENESS", "bright_speck_balance", "brightness_correlation"]

MIN_LIKENESS = 0.3
"""Below this correlation two halves hardly show one scene."""

_BLOCK = 8


def brightness_correlation(first: FloatImage, second: FloatImage) -> float:
    """Correlate the coarse brightness of two images of one size.

    Parameters
    ----------
    first, second
        Shape (3, H, W) in [0, 1].

    Returns
    -------
    Pearson's correlation of means over blocks of 8x8 pixels; 1 where neither has any contrast.
    """
    one, other = (_block_means(luma(each)) for each in (first, second))
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / scale) if scale > 1e-9 else 1.0


def bright_speck_balance(first: FloatImage, second: FloatImage) -> float:
    """Measure on which of two images of one scene bright specks lie.

    Rain, snow and drops add light in few places, so that their difference from the clean image has
    a long tail towards bright.

    Returns
    -------
    Skewness of the difference in brightness: positive where the first one has the specks, negative
    where the second has them, 0 where they are equal.
    """
    difference = luma(first) - luma(second)
    difference -= difference.mean()
    deviation = float(difference.std())
    return float((difference**3).mean()) / deviation**3 if deviation > 1e-6 else 0.0


def _block_means(plane: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    height, width = (max(1, length // _BLOCK) for length in plane.shape)
    rows = np.array_split(plane, height, axis=0)
    means = np.stack([row.mean(axis=0) for row in rows])
    columns = np.array_split(means, width, axis=1)
    return np.stack([column.mean(axis=1) for column in columns], axis=1)
