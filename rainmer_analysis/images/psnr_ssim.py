"""How near a restored image is to its target: PSNR and SSIM on luma, in two senses.

`psnr` and `ssim` are those of the deraining literature, whose scripts run in MATLAB: both images
are rounded to 8 bits, ``rgb2ycbcr`` gives luma on 16 to 235, rounded to whole levels; PSNR has the
peak 255; SSIM has a gaussian window of 11x11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03, a range
of 255, biased covariances, and is averaged where the window fits into the image, without any
downsampling (Wang et al. 2004, ``ssim_index.m``; here by scikit-image).

`psnr_y` and `rainmer_ssim` are those of Rainmer's published code: luma is not rounded, and
for SSIM both images are first averaged over squares of round(min(H, W) / 256) pixels where that
is more than one, so that its values for images with a short side from 384 pixels cannot be
compared with the literature's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.metrics import structural_similarity

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.image_and_pair_measures import (
    checked_float64_pair,
    luma,
    psnr_of_difference,
    psnr_y,
)

__all__ = [
    "QUALITIES",
    "WINDOW",
    "average_pool",
    "gaussian_window_ssim",
    "matlab_luma_of_8bit",
    "psnr",
    "rainmer_ssim",
    "ssim",
    "ssim_pooling_factor",
]

WINDOW = 11
_POOLED_SIDE = 256
_RGB2YCBCR = np.array([65.481, 128.553, 24.966])  # of [0, 1], as MATLAB has them

Plane = NDArray[np.float64]


def psnr(image: ArrayLike, target: ArrayLike) -> float:
    """Return the literature's PSNR in dB of images [3, H, W] in [0, 1]; infinite if equal."""
    first, second = (_whole_level_luma(each) for each in checked_float64_pair(image, target))
    return psnr_of_difference(first - second)


def ssim(image: ArrayLike, target: ArrayLike) -> float:
    """Return the literature's SSIM of images [3, H, W] in [0, 1] with sides from 11 pixels.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape, or too small for the window.
    """
    first, second = checked_float64_pair(image, target)
    return _checked_ssim(_whole_level_luma(first), _whole_level_luma(second))


def rainmer_ssim(image: ArrayLike, target: ArrayLike) -> float:
    """Return the published code's SSIM of images [3, H, W] in [0, 1] with sides from 11 pixels.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape, or too small for the window.
    """
    first, second = checked_float64_pair(image, target)
    factor = ssim_pooling_factor(first.shape[1:])
    return _checked_ssim(average_pool(luma(first), factor), average_pool(luma(second), factor))


def ssim_pooling_factor(sides: tuple[int, ...]) -> int:
    """Return the side of the squares that the published code averages over before SSIM."""
    # round() takes 2.5 to 2, as the published code does
    return max(1, round(min(sides) / _POOLED_SIDE))


QUALITIES: Mapping[str, Callable[[ArrayLike, ArrayLike], float]] = MappingProxyType(
    {"psnr": psnr, "ssim": ssim, "rainmer_psnr": psnr_y, "rainmer_ssim": rainmer_ssim}
)


def matlab_luma_of_8bit(image: Plane) -> Plane:
    """Return MATLAB's luma [H, W], not rounded, of an image [3, H, W] in [0, 1] at 8 bits."""
    stored = np.rint(np.clip(image, 0.0, 1.0) * 255.0) / 255.0
    return np.asarray(np.tensordot(_RGB2YCBCR, stored, axes=1) + 16.0)


def _whole_level_luma(image: Plane) -> Plane:
    return np.asarray(np.rint(matlab_luma_of_8bit(image)))


def average_pool(plane: Plane, factor: int) -> Plane:
    """Average over squares of factor x factor pixels; what is left at the far ends is dropped."""
    height, width = (side // factor for side in plane.shape)
    cut = plane[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return np.asarray(cut.mean(axis=(1, 3)))


def gaussian_window_ssim(first: Plane, second: Plane) -> float:
    """Average SSIM of planes on 0 to 255 where the gaussian window fits: ``ssim_index.m``."""
    return float(
        structural_similarity(
            first,
            second,
            data_range=255.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def _checked_ssim(first: Plane, second: Plane) -> float:
    if min(first.shape) < WINDOW:
        height, width = first.shape
        raise ParameterError(
            f"SSIM looks through a window of {WINDOW}x{WINDOW} pixels, but the images have "
            f"{width}x{height}; give sides from {WINDOW} pixels"
        )
    return gaussian_window_ssim(first, second)
