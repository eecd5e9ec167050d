"""A small grey picture of every image, which all comparisons between images start from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["SIDE", "luma_levels", "thumbnail"]

SIDE = 96

_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
Plane = npt.NDArray[np.float32]
Thumbnail = npt.NDArray[np.uint8]


def luma_levels(image: npt.NDArray[np.float32]) -> Plane:
    """Return the luma [H, W] of an image [3, H, W] in [0, 1], on levels of 0 to 255."""
    plane = image[0] * (255 * _WEIGHTS[0])
    plane += image[1] * (255 * _WEIGHTS[1])
    plane += image[2] * (255 * _WEIGHTS[2])
    return np.asarray(plane, dtype=np.float32)


def thumbnail(luma: Plane) -> Thumbnail:
    """Return area means of a luma plane on 96x96 cells, uint8; the aspect ratio is not kept.

    Weather that is fine against the image averages out, so that two rains on one scene have
    thumbnails that are close.
    """
    reduced = Image.fromarray(luma).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.rint(np.asarray(reduced)).clip(0, 255).astype(np.uint8)
