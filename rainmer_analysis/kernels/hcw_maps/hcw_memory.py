"""Feature maps in memory as rows, channels, columns (HCW), with zeros around every channel.

A row of a channel ends in a gap of zeros, which also lies before the next channel's row; above and
below lie rows of zeros. So a kernel may look over the border, and whole blocks may be written.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.kernels.hcw_maps.hcw_depthwise import BLOCK_ROWS
from rainmer_analysis.kernels.hcw_maps.vector_code import COLUMNS, NATIVE

__all__ = [
    "ABOVE",
    "Array",
    "aligned_zeros",
    "first_pixel_and_strides",
    "padded_zero_maps",
    "pixels_view",
]

Array = npt.NDArray[np.float32]

_REACH = 6  # of a dilated kernel of side 7
ABOVE = _REACH + 1  # rows of zeros; the first pixel's left neighbours lie in one of them
_LINE = 16  # float32 numbers of a line of a cache


def aligned_zeros(count: int) -> Array:
    """Return so many zeros that start where a line of a cache starts."""
    made = np.zeros(count + _LINE, np.float32)
    start = -made.ctypes.data // made.itemsize % _LINE
    return made[start : start + count]


def padded_zero_maps(channels: int, size: tuple[int, int]) -> Array:
    """Return maps of zeros, [rows, channels, pitch], for images of a size (H, W).

    The pitch is an odd number of vectors: were it a power of two, the same columns of all channels
    would compete for a few places of a cache.
    """
    height, width = size
    least = max(-(-width // COLUMNS) * COLUMNS, width + _REACH)
    pitch = (-(-least // NATIVE) | 1) * NATIVE
    rows = ABOVE + -(-height // BLOCK_ROWS) * BLOCK_ROWS + ABOVE
    return aligned_zeros(rows * channels * pitch).reshape(rows, channels, pitch)


def pixels_view(maps: Array, size: tuple[int, int]) -> Array:
    """View the pixels of maps, [channels, H, W]."""
    return maps[ABOVE : ABOVE + size[0], :, : size[1]].transpose(1, 0, 2)


def first_pixel_and_strides(maps: Array) -> tuple[int, int, int]:
    """Return the element of the first pixel, and how far apart rows and channels lie."""
    row = maps.shape[1] * maps.shape[2]
    return ABOVE * row, row, maps.shape[2]
