"""Two images of one file, side by side: whether they show one scene, and which has the rain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.images.decoding import FloatImage
from rainmer_analysis.images.image_and_pair_measures import luma

__all__ = [
    "MIN_LIKENESS",
    "bright_speck_balance",
    "brightness_correlation",
    "do_halves_show_one_scene",
]

MIN_LIKENESS = 0.3
"""Below this correlation two halves hardly show one scene."""

_BLOCK = 8
_FINE_BLOCK = 4
_MIN_BRIGHTNESS = 0.6
# Between pairs of five published sets the contrast of blocks correlates by 0.37 and more, between
# the halves of single photographs by 0.09 and less.
_MIN_CONTRAST = 0.2
_NO_CONTRAST = 1e-6
_MIN_DIFFERENCES = 200  # of neighbouring blocks; chance correlates fewer of them


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


def do_halves_show_one_scene(first: FloatImage, second: FloatImage) -> bool:
    """Say whether two images of one size show one scene: alike in brightness and in contrast.

    Coarse brightness alone is alike in both halves of most landscapes, with the sky above.
    """
    if brightness_correlation(first, second) < _MIN_BRIGHTNESS:
        return False
    one, other = (_block_differences(luma(each)) for each in (first, second))
    if one.size < _MIN_DIFFERENCES or min(one.std(), other.std()) < _NO_CONTRAST:
        return False
    return float(np.corrcoef(one, other)[0, 1]) >= _MIN_CONTRAST


def _block_differences(plane: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the differences of neighbouring blocks of 4x4 pixels, down and across."""
    means = _block_means(plane, _FINE_BLOCK)
    return np.concatenate([np.diff(means, axis=axis).ravel() for axis in (0, 1)])


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


def _block_means(plane: npt.NDArray[np.float64], block: int = _BLOCK) -> npt.NDArray[np.float64]:
    height, width = (max(1, length // block) for length in plane.shape)
    rows = np.array_split(plane, height, axis=0)
    means = np.stack([row.mean(axis=0) for row in rows])
    columns = np.array_split(means, width, axis=1)
    return np.stack([column.mean(axis=1) for column in columns], axis=1)
