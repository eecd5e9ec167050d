"""Measures of one image and of a pair of images, as the published measurements define them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rainmer_analysis.errors import ParameterError

__all__ = [
    "brightness",
    "checked_float64_pair",
    "entropy",
    "luma",
    "non_monochromaticity",
    "psnr_of_difference",
    "psnr_y",
    "rain_density",
    "vertical_gradient",
]

# Luma of ITU-R BT.601 in "studio swing": weights on RGB * 255, offset 16.
_LUMA = np.array([0.256789, 0.504129, 0.097906])
_OFFSET = 16.0
# A pixel counts as rain where a channel changes by more than this many levels of 0 to 255.
_RAIN = 8.0
_BINS = 16
# Levels are whole numbers stored as k / 255; 8.0000001 is no more than 8, 15.9999 is 16.
_ROUNDING = 1e-3


def rain_density(rainy: ArrayLike, clean: ArrayLike) -> float:
    """Return the rain density of a pair of images [3, H, W] in [0, 1].

    The mean over pixels of max_c |R - G| / (max_c R + max_c G + 1e-3) (published code; its files
    ``*_density.npy``).

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape.
    """
    first, second = checked_float64_pair(rainy, clean)
    change = np.abs(first - second).max(axis=0)
    return float((change / (first.max(axis=0) + second.max(axis=0) + 1e-3)).mean())


def brightness(image: ArrayLike) -> float:
    """Return the mean level of an image [3, H, W] in [0, 1], all channels, on 0 to 255."""
    return float(_checked_float64_image(image).mean() * 255.0)


def entropy(image: ArrayLike) -> float:
    """Return the mean over channels of the entropy of 16 equal bins of levels, in bits (0 to 4).

    The image is [3, H, W] in [0, 1].
    """
    levels = _checked_float64_image(image) * 255.0 + _ROUNDING
    bins = np.clip((levels * (_BINS / 256.0)).astype(np.intp), 0, _BINS - 1)
    counts = np.array([np.bincount(channel.ravel(), minlength=_BINS) for channel in bins])
    shares = counts / levels[0].size
    terms = shares * np.log2(np.where(shares > 0.0, shares, 1.0))
    return float(-terms.sum(axis=1).mean())


def vertical_gradient(rainy: ArrayLike, clean: ArrayLike) -> float:
    """Return how much the rain layer R - G varies from row to row: levels of 0 to 255 a pixel.

    The mean of |(R - G)[y + 1] - (R - G)[y]| over channels and over the pixels [y] that the rain
    changes by more than 8 levels in some channel; NaN where there are none. The images are
    [3, H, W] in [0, 1].
    """
    rain, changed = _rain_layer_and_mask(rainy, clean)
    steps = np.abs(np.diff(rain, axis=1)).mean(axis=0)[changed[:-1]]
    return float(steps.mean()) if steps.size else float("nan")


def non_monochromaticity(rainy: ArrayLike, clean: ArrayLike) -> float:
    """Return how far the rain layer R - G is from grey: levels of 0 to 255.

    The mean, over the pixels that the rain changes by more than 8 levels in some channel, of the
    standard deviation of R - G across channels; NaN where there are none. The images are
    [3, H, W] in [0, 1].
    """
    rain, changed = _rain_layer_and_mask(rainy, clean)
    spread = rain.std(axis=0)[changed]
    return float(spread.mean()) if spread.size else float("nan")


def luma(image: ArrayLike) -> NDArray[np.float64]:
    """Return the luma [H, W] of an image [3, H, W] in [0, 1], on 16 to 235; not rounded.

    It is 0.256789 R + 0.504129 G + 0.097906 B + 16 on levels of 0 to 255.
    """
    return np.tensordot(_LUMA, _checked_float64_image(image) * 255.0, axes=1) + _OFFSET


def psnr_y(image: ArrayLike, target: ArrayLike) -> float:
    """Return the PSNR in dB of two images [3, H, W] in [0, 1] on their luma, peak 255.

    Infinite if equal; see `luma`, which is not rounded here.
    """
    first, second = checked_float64_pair(image, target)
    change = np.tensordot(_LUMA, (first - second) * 255.0, axes=1)
    return psnr_of_difference(change)


def psnr_of_difference(difference: NDArray[np.float64]) -> float:
    """Return the PSNR in dB of two images by their difference on levels of 0 to 255, any shape."""
    error = float(np.square(difference).mean())
    return float("inf") if error == 0.0 else float(10.0 * np.log10(255.0**2 / error))


def _checked_float64_image(image: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(image, dtype=np.float64)
    if array.ndim != 3 or array.shape[0] != 3 or array.size == 0:
        raise ParameterError(f"an image has the shape {array.shape}; give [3, height, width]")
    return array


def _rain_layer_and_mask(
    rainy: ArrayLike, clean: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return R - G [3, H, W] on levels of 0 to 255, and where it is rain [H, W]."""
    first, second = checked_float64_pair(rainy, clean)
    rain = (first - second) * 255.0
    return rain, np.abs(rain).max(axis=0) > _RAIN + _ROUNDING


def checked_float64_pair(
    first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the images of a pair in float64.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape.
    """
    one, two = _checked_float64_image(first), _checked_float64_image(second)
    if one.shape != two.shape:
        raise ParameterError(
            f"the images of a pair have the shapes {one.shape} and {two.shape}; give equal shapes"
        )
    return one, two
