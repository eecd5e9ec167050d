"""Measures of one image and of a pair of images, as the published measurements define them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rainmer_analysis.errors import ParameterError

__all__ = ["brightness", "density", "luma", "pair", "psnr_y"]

# Luma of ITU-R BT.601 in "studio swing": weights on RGB * 255, offset 16.
_LUMA = np.array([0.256789, 0.504129, 0.097906])
_OFFSET = 16.0


def density(rainy: ArrayLike, clean: ArrayLike) -> float:
    """Give the rain density of a pair.

    The mean over pixels of max_c |R - G| / (max_c R + max_c G + 1e-3), images in [0, 1]
    (published code; its files ``*_density.npy``).

    Parameters
    ----------
    rainy, clean
        Images [3, H, W] in [0, 1] of one shape.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape.
    """
    first, second = pair(rainy, clean)
    change = np.abs(first - second).max(axis=0)
    return float((change / (first.max(axis=0) + second.max(axis=0) + 1e-3)).mean())


def brightness(image: ArrayLike) -> float:
    """Give the mean level of an image [3, H, W] in [0, 1] over pixels and channels, on 0 to 255."""
    return float(_image(image).mean() * 255.0)


def luma(image: ArrayLike) -> NDArray[np.float64]:
    """Give the luma [H, W] of an image [3, H, W] in [0, 1], on 16 to 235; not rounded.

    It is 0.256789 R + 0.504129 G + 0.097906 B + 16 on levels of 0 to 255.
    """
    return np.tensordot(_LUMA, _image(image) * 255.0, axes=1) + _OFFSET


def psnr_y(image: ArrayLike, target: ArrayLike) -> float:
    """Give the PSNR in dB of two images [3, H, W] in [0, 1] on their luma, peak 255.

    Infinite if equal; see `luma`, which is not rounded here.
    """
    first, second = pair(image, target)
    change = np.tensordot(_LUMA, (first - second) * 255.0, axes=1)
    error = float(np.square(change).mean())
    return float("inf") if error == 0.0 else float(10.0 * np.log10(255.0**2 / error))


def _image(image: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(image, dtype=np.float64)
    if array.ndim != 3 or array.shape[0] != 3 or array.size == 0:
        raise ParameterError(f"an image has the shape {array.shape}; give [3, height, width]")
    return array


def pair(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the images of a pair in float64.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape.
    """
    one, two = _image(first), _image(second)
    if one.shape != two.shape:
        raise ParameterError(
            f"the images of a pair have the shapes {one.shape} and {two.shape}; give equal shapes"
        )
    return one, two
