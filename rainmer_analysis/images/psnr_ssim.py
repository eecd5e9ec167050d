"""How near a restored image is to its target: PSNR and SSIM on luma, in two senses.

`psnr` and `ssim` are those of the deraining literature, whose scripts run in MATLAB: both images
are rounded to 8 bits, ``rgb2ycbcr`` gives luma on 16 to 235, rounded to whole levels; PSNR has the
peak 255; SSIM has a gaussian window of 11x11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03, a range
of 255, biased covariances, and is averaged where the window fits into the image, without any
downsampling (Wang et al. 2004, ``ssim_index.m``; here by scikit-image).

`rainmer_psnr` and `rainmer_ssim` are those of Rainmer's published code: luma is not rounded, and
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
from rainmer_analysis.images.pair_measures import check_pair, luma, psnr_y

__all__ = ["QUALITIES", "WINDOW", "pooled_side", "psnr", "rainmer_psnr", "rainmer_ssim", "ssim"]

WINDOW = 11
_POOLED_SIDE = 256
_RGB2YCBCR = np.array([65.481, 128.553, 24.966])  # of [0, 1], as MATLAB has them

Plane = NDArray[np.float64]


def psnr(image: ArrayLike, target: ArrayLike) -> float:
    """Return the literature's PSNR in dB of images [3, H, W] in [0, 1]; infinite if equal."""
    first, second = (_luma_8bit(each) for each in check_pair(image, target))
    error = float(np.square(first - second).mean())
    return float("inf") if error == 0.0 else float(10.0 * np.log10(255.0**2 / error))


def ssim(image: ArrayLike, target: ArrayLike) -> float:
    """Return the literature's SSIM of images [3, H, W] in [0, 1] with sides from 11 pixels.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape, or too small for the window.
    """
    first, second = check_pair(image, target)
    return _ssim_of_planes(_luma_8bit(first), _luma_8bit(second))


def rainmer_psnr(image: ArrayLike, target: ArrayLike) -> float:
    """Return the published code's PSNR in dB of images [3, H, W] in [0, 1]; infinite if equal."""
    return psnr_y(image, target)


def rainmer_ssim(image: ArrayLike, target: ArrayLike) -> float:
    """Return the published code's SSIM of images [3, H, W] in [0, 1] with sides from 11 pixels.

    Raises
    ------
    ParameterError
        If the two are not RGB images of one shape, or too small for the window.
    """
    first, second = check_pair(image, target)
    square = pooled_side(first.shape[1:])
    return _ssim_of_planes(_average_pool(luma(first), square), _average_pool(luma(second), square))


def pooled_side(sides: tuple[int, ...]) -> int:
    """Return the side of the squares that the published code averages over before SSIM."""
    # round() takes 2.5 to 2, as the published code does
    return max(1, round(min(sides) / _POOLED_SIDE))


QUALITIES: Mapping[str, Callable[[ArrayLike, ArrayLike], float]] = MappingProxyType(
    {"psnr": psnr, "ssim": ssim, "rainmer_psnr": rainmer_psnr, "rainmer_ssim": rainmer_ssim}
)


def _luma_8bit(image: Plane) -> Plane:
    """Return luma of the image at 8 bits, in whole levels."""
    stored = np.rint(np.clip(image, 0.0, 1.0) * 255.0) / 255.0
    levels: Plane = np.rint(np.tensordot(_RGB2YCBCR, stored, axes=1) + 16.0)
    return levels


def _average_pool(plane: Plane, square: int) -> Plane:
    """Average over squares; what is left over at the far ends is dropped."""
    height, width = (side // square for side in plane.shape)
    cut = plane[: height * square, : width * square].reshape(height, square, width, square)
    means: Plane = cut.mean(axis=(1, 3))
    return means


def _ssim_of_planes(first: Plane, second: Plane) -> float:
    if min(first.shape) < WINDOW:
        height, width = first.shape
        raise ParameterError(
            f"SSIM looks through a window of {WINDOW}x{WINDOW} pixels, but the images have "
            f"{width}x{height}; give sides from {WINDOW} pixels"
        )
    found = structural_similarity(
        first,
        second,
        data_range=255.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        K1=0.01,
        K2=0.03,
    )
    return float(found)
