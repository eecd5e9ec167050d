"""A small picture of every image, which all comparisons between images start from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["SHAPE", "SIDE", "Thumbnails", "luma_levels", "thumbnail"]

SIDE = 96
SHAPE = (2, SIDE, SIDE)
_FINE = 4 * SIDE

_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
Plane = npt.NDArray[np.float32]
Thumbnails = npt.NDArray[np.uint8]
"""Shape (n, 2, 96, 96), or without n: luma, and red minus blue around 128, in levels."""


def luma_levels(image: npt.NDArray[np.float32]) -> Plane:
    """Return the luma [H, W] of an image [3, H, W] in [0, 1], on levels of 0 to 255."""
    plane = image[0] * (255 * _WEIGHTS[0])
    plane += image[1] * (255 * _WEIGHTS[1])
    plane += image[2] * (255 * _WEIGHTS[2])
    return np.asarray(plane, dtype=np.float32)


def thumbnail(image: npt.NDArray[np.float32]) -> Thumbnails:
    """Return area means of an image [3, H, W] in [0, 1] on 96x96 cells, shape (2, 96, 96).

    The aspect ratio is not kept. Weather that is fine against the image averages out, so that two
    rains on one scene have thumbnails that are close; grey rain leaves red minus blue alone.
    """
    colour = (image[0] - image[2]) * np.float32(255) + np.float32(128)
    planes = [_area_means(plane) for plane in (luma_levels(image), colour)]
    levels: npt.NDArray[np.uint8] = np.rint(np.stack(planes)).clip(0, 255).astype(np.uint8)
    return levels


def _area_means(plane: Plane) -> Plane:
    """Return the means over 96x96 cells.

    The filter takes whole pixels by their middles, so that those of small images are cut first.
    """
    down, across = (max(1, -(-_FINE // side)) for side in plane.shape)
    cut = Image.fromarray(plane.repeat(down, axis=0).repeat(across, axis=1))
    return np.asarray(cut.resize((SIDE, SIDE), Image.Resampling.BOX))
