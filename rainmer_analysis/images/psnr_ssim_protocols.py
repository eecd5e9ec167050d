"""PSNR and SSIM as papers compute them, side by side: one row for each protocol.

Numbers of one pair of images differ by more than a decibel, and by hundredths of SSIM, with the
channel that is measured, with rounding to 8 bits, with the window of SSIM and what it does at the
border. A number without its protocol says little; so here all of them are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.metrics import structural_similarity

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.image_and_pair_measures import (
    checked_float64_pair,
    luma,
    psnr_of_difference,
)
from rainmer_analysis.images.psnr_ssim import (
    WINDOW,
    average_pool,
    gaussian_window_ssim,
    matlab_luma_of_8bit,
    ssim_pooling_factor,
)

__all__ = ["PROTOCOLS", "Protocol", "PsnrSsim", "crop_border", "measure_by_every_protocol"]

_SIGMA = 1.5
_PEAK = 255.0

Planes = NDArray[np.float64]  # [channels, H, W], levels of 0 to 255


def _rgb_rounded_to_8bit(image: Planes) -> Planes:
    return np.asarray(np.rint(np.clip(image, 0.0, 1.0) * _PEAK))


def _rgb_not_rounded(image: Planes) -> Planes:
    return image * _PEAK


def _luma_of_8bit(image: Planes) -> Planes:
    return matlab_luma_of_8bit(image)[None]


def _whole_level_luma_of_8bit(image: Planes) -> Planes:
    return np.asarray(np.rint(_luma_of_8bit(image)))


def _luma_not_rounded(image: Planes) -> Planes:
    return luma(image)[None]


def _ssim_gaussian_window(first: Planes, second: Planes) -> float:
    return float(np.mean([gaussian_window_ssim(*each) for each in zip(first, second, strict=True)]))


def _ssim_uniform_window(first: Planes, second: Planes) -> float:
    """Average SSIM with scikit-image's defaults: 7 x 7 equal weights, sample covariances."""
    planes = zip(first, second, strict=True)
    return float(np.mean([structural_similarity(*each, data_range=_PEAK) for each in planes]))


def _ssim_replicated_border(first: Planes, second: Planes) -> float:
    """Average SSIM over all pixels, borders continued by their last one: MATLAB's own ``ssim``."""

    def gaussian_blur(plane: Planes) -> Planes:
        radius = WINDOW // 2
        found: Planes = ndimage.gaussian_filter(
            plane, _SIGMA, mode="nearest", truncate=radius / _SIGMA
        )
        return found

    least, contrast = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    values = []
    for x, y in zip(first, second, strict=True):
        mx, my = gaussian_blur(x), gaussian_blur(y)
        vx, vy = gaussian_blur(x * x) - mx * mx, gaussian_blur(y * y) - my * my
        both = gaussian_blur(x * y) - mx * my
        found = (2 * mx * my + least) * (2 * both + contrast)
        values.append(found / ((mx * mx + my * my + least) * (vx + vy + contrast)))
    return float(np.mean(values))


def _ssim_downsampled(first: Planes, second: Planes) -> float:
    """Average SSIM of images that were shrunk first, as Rainmer's published code does."""
    factor = ssim_pooling_factor(first.shape[1:])
    pooled = [np.stack([average_pool(plane, factor) for plane in each]) for each in (first, second)]
    return _ssim_gaussian_window(*pooled)


@dataclass(frozen=True)
class Protocol:
    """One way to compute both numbers.

    Parameters
    ----------
    name
        For tables and files.
    channels
        What is compared, for people.
    used
        Who computes them so, in a sentence.
    prepare
        Brings an image [3, H, W] in [0, 1] to planes of levels from 0 to 255.
    similarity
        SSIM of two such.
    """

    name: str
    channels: str
    used: str
    prepare: Callable[[Planes], Planes]
    similarity: Callable[[Planes, Planes], float]


@dataclass(frozen=True)
class PsnrSsim:
    """PSNR in dB, infinite for equal images, and SSIM."""

    psnr: float
    ssim: float


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol(
                "matlab-y",
                "Y, whole levels",
                "Deraining tables made in MATLAB (MPRNet, Restormer, DRSformer): rgb2ycbcr of "
                "8-bit files, Wang's ssim_index. Compare deraining papers by this one.",
                _whole_level_luma_of_8bit,
                _ssim_gaussian_window,
            ),
            Protocol(
                "matlab-y-builtin",
                "Y, whole levels",
                "The same luma with MATLAB's own ssim, which also counts windows that reach over "
                "the border.",
                _whole_level_luma_of_8bit,
                _ssim_replicated_border,
            ),
            Protocol(
                "basicsr-y",
                "Y of 8-bit files",
                "BasicSR with test_y_channel, and Python scripts after it: luma is not rounded.",
                _luma_of_8bit,
                _ssim_gaussian_window,
            ),
            Protocol(
                "basicsr-rgb",
                "RGB of 8-bit files",
                "BasicSR by default, and most papers on denoising and deblurring: three channels, "
                "each with its own SSIM.",
                _rgb_rounded_to_8bit,
                _ssim_gaussian_window,
            ),
            Protocol(
                "skimage-rgb",
                "RGB of 8-bit files",
                "Python scripts that call scikit-image with its defaults: 7 x 7 equal weights, "
                "sample covariances.",
                _rgb_rounded_to_8bit,
                _ssim_uniform_window,
            ),
            Protocol(
                "rgb-float",
                "RGB, not rounded",
                "Validation inside a training, before anything is stored in 8 bits.",
                _rgb_not_rounded,
                _ssim_gaussian_window,
            ),
            Protocol(
                "rainmer",
                "Y, not rounded",
                "Rainmer's published code: for SSIM, images with a short side from 384 pixels are "
                "shrunk first, so these values compare with that paper alone.",
                _luma_not_rounded,
                _ssim_downsampled,
            ),
        )
    }
)


def crop_border(image: ArrayLike, border: int) -> Planes:
    """Cut so many pixels off every side of an image [3, H, W].

    Raises
    ------
    ParameterError
        The number is below zero, or leaves less than SSIM's window.
    """
    array = np.asarray(image, dtype=np.float64)
    height, width = (side - 2 * border for side in array.shape[-2:])
    if border < 0 or min(height, width) < WINDOW:
        raise ParameterError(
            f"a border of {border} pixels was to be cut off {array.shape[-1]}x{array.shape[-2]} "
            f"pixels; give a number from 0 up that leaves {WINDOW}x{WINDOW} pixels"
        )
    return array[..., border : border + height, border : border + width]


def measure_by_every_protocol(
    image: ArrayLike, target: ArrayLike, *, border: int = 0
) -> dict[str, PsnrSsim]:
    """Compute PSNR and SSIM by every protocol.

    Parameters
    ----------
    image, target
        Images [3, H, W] in [0, 1] with sides from 11 pixels.
    border
        Pixels that are left out at every side, as in super-resolution.

    Returns
    -------
    The numbers by names of `PROTOCOLS`.

    Raises
    ------
    ParameterError
        The two are not RGB images of one shape, or too small.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((3, 16, 16), 0.5)
    >>> measure(grey, grey)["matlab-y"]
    Measured(psnr=inf, ssim=1.0)
    """
    first, second = checked_float64_pair(image, target)
    first, second = crop_border(first, border), crop_border(second, border)
    found = {}
    for name, protocol in PROTOCOLS.items():
        planes = protocol.prepare(first), protocol.prepare(second)
        ratio = psnr_of_difference(planes[0] - planes[1])
        found[name] = PsnrSsim(ratio, protocol.similarity(*planes))
    return found
