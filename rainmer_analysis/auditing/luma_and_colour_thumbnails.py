"""A small picture of every image, which all comparisons between images start from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = [
    "SHAPE",
    "SIDE",
    "Planes",
    "Thumbnails",
    "full_range_luma",
    "luma_and_red_minus_blue",
    "thumbnail_of_planes",
]

SIDE = 96
SHAPE = (2, SIDE, SIDE)
_FINE = 4 * SIDE

_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
Plane = npt.NDArray[np.float32]
Planes = npt.NDArray[np.float32]
"""Shape (2, H, W): luma, and red minus blue, in levels; pairs are measured on these."""
Thumbnails = npt.NDArray[np.uint8]
"""Shape (n, 2, 96, 96), or without n: luma, and red minus blue around 128, in levels."""


def full_range_luma(image: npt.NDArray[np.float32]) -> Plane:
    """Return the luma [H, W] of an image [3, H, W] in [0, 1], on levels of 0 to 255."""
    plane = image[0] * (255 * _WEIGHTS[0])
    plane += image[1] * (255 * _WEIGHTS[1])
    plane += image[2] * (255 * _WEIGHTS[2])
    return np.asarray(plane, dtype=np.float32)


def luma_and_red_minus_blue(image: npt.NDArray[np.float32]) -> Planes:
    """Return luma and red minus blue of an image [3, H, W] in [0, 1], shape (2, H, W).

    Grey rain leaves red minus blue alone.
    """
    planes = np.empty((2, *image.shape[1:]), dtype=np.float32)
    planes[0] = full_range_luma(image)
    np.subtract(image[0], image[2], out=planes[1])
    planes[1] *= 255
    return planes


def thumbnail_of_planes(planes: Planes) -> Thumbnails:
    """Return area means of the planes (2, H, W) of an image on 96x96 cells, shape (2, 96, 96).

    The aspect ratio is not kept. Weather that is fine against the image averages out, so that two
    rains on one scene have thumbnails that are close.
    """
    luma, colour = (_area_means(plane) for plane in planes)
    levels = np.rint(np.stack([luma, colour + 128])).clip(0, 255)
    return levels.astype(np.uint8)


def _area_means(plane: Plane) -> Plane:
    """Return the means over 96x96 cells.

    The filter takes whole pixels by their middles, so that those of small images are cut first.
    """
    down, across = (max(1, -(-_FINE // side)) for side in plane.shape)
    fine = plane if down == across == 1 else plane.repeat(down, axis=0).repeat(across, axis=1)
    return np.asarray(Image.fromarray(fine).resize((SIDE, SIDE), Image.Resampling.BOX))
