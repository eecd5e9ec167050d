"""Changes that make images alike in something that is not weather.

Encoding, size and exposure; and colour, structure and frequencies apart, as natural sets are taken
apart by Zeng, Yin and Liu, Understanding bias in large-scale visual datasets, arXiv 2412.01876.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from rainmer_analysis.auditing.luma_and_colour_thumbnails import full_range_luma
from rainmer_analysis.images import jpeg_round_trip

__all__ = [
    "EQUALISERS",
    "coarse_jpeg_round_trip",
    "high_pass",
    "low_pass",
    "reduce_to_long_side",
    "shuffle_pixels",
    "standardise_luma",
    "subtract_clean",
    "to_grey",
]

_QUALITY = 50
_LONG_SIDE = 192
_MEAN, _SPREAD = 105.0, 50.0  # levels of luma
_BROAD = 1 / 64  # of the longer side: standard deviation of the blur that parts broad from fine

Picture = npt.NDArray[np.float32]


def coarse_jpeg_round_trip(image: Picture) -> Picture:
    """Store an image [3, H, W] in [0, 1] as a JPEG of quality 50: traces of milder ones vanish."""
    return jpeg_round_trip(image, _QUALITY)


def reduce_to_long_side(image: Picture) -> Picture:
    """Reduce an image so that its longer side has 192 pixels, with antialiasing.

    The sharpness of cameras, of earlier resizes and of their filters is then much the same; a
    smaller image stays as it is.
    """
    scale = _LONG_SIDE / max(image.shape[1:])
    if scale >= 1:
        return image
    height, width = (max(8, round(side * scale)) for side in image.shape[1:])
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS))
        for plane in np.ascontiguousarray(image)
    ]
    return np.asarray(np.clip(np.stack(planes), 0, 1), dtype=np.float32)


def standardise_luma(image: Picture) -> Picture:
    """Scale an image's luma to a mean of 105 and a spread of 50 levels, as far as levels reach."""
    luma = full_range_luma(image)
    spread = max(float(luma.std()), 1.0)
    moved = (image * 255 - float(luma.mean())) * (_SPREAD / spread) + _MEAN
    return np.asarray(np.clip(moved / 255, 0, 1), dtype=np.float32)


def to_grey(image: Picture) -> Picture:
    """Return an image's luma in all three channels."""
    grey = np.clip(full_range_luma(image) / np.float32(255), 0, 1)
    return np.repeat(grey[None], 3, axis=0)


def shuffle_pixels(image: Picture) -> Picture:
    """Exchange an image's pixels at random, the same way for every image of its size."""
    order = np.random.default_rng(0).permutation(image[0].size)
    return image.reshape(3, -1)[:, order].reshape(image.shape)


def low_pass(image: Picture) -> Picture:
    """Blur an image, by a Gaussian of a 64th of its longer side."""
    sigma = max(image.shape[1:]) * _BROAD
    return np.asarray(np.clip(gaussian_filter(image, (0, sigma, sigma)), 0, 1), dtype=np.float32)


def high_pass(image: Picture) -> Picture:
    """Return what the blur takes away, around a level of one half."""
    return np.asarray(np.clip(image - low_pass(image) + 0.5, 0, 1), dtype=np.float32)


def subtract_clean(image: Picture, partner: Picture) -> Picture:
    """Return a degraded image less its clean partner of the same shape, halved, around one half."""
    return np.asarray((image - partner) / 2 + np.float32(0.5), dtype=np.float32)


EQUALISERS: Mapping[str, Callable[[Picture], Picture]] = MappingProxyType(
    {
        "re-encode": coarse_jpeg_round_trip,
        "re-size": reduce_to_long_side,
        "re-expose": standardise_luma,
        "colour": to_grey,
        "structure": shuffle_pixels,
        "fine-contrast": low_pass,
        "broad-contrast": high_pass,
    }
)
