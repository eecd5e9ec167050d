"""Layer norm of some rows of a map, its scale and shift left to the product that follows."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.infer.kernels.restorer.hcw_map import padded_columns
from rainmer_analysis.kernels.hcw_maps import (
    COLUMNS,
    NATIVE,
    Array,
    aligned_zeros,
    center_and_scale,
    inverse_sqrt,
)
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = ["layer_norm_panels", "layer_norm_rows"]

_EPS = np.float32(1e-5)


def layer_norm_panels(rows: int, width: int, channels: int) -> Array:
    """Return panels for rows that `layer_norm` makes, flat [rows, panels, channels + 1, 16].

    Behind the channels is one of ones, where the map is: it carries the shift of the norm through
    the product that follows.
    """
    wide, depth = padded_columns(width), channels + 1
    room = aligned_zeros(rows * wide * depth)
    ones = (np.arange(wide) < width).reshape(-1, COLUMNS)
    room.reshape(rows, -1, depth, COLUMNS)[:, :, channels] = ones
    return room


@compiled
def _mean_and_inverse_deviation(source, start, channel_stride, shape, mean, root):  # type: ignore[no-untyped-def]
    """Sum a row's channels up to their mean and to the inverse of their deviation."""
    channels, width = shape
    share = np.float32(1.0 / channels)
    mean[:] = 0.0
    root[:] = 0.0
    for channel in range(channels):
        at = start + channel * channel_stride
        line = source[at : at + width]
        for i in range(width):
            mean[i] += line[i]
    for i in range(width):
        mean[i] *= share
    for channel in range(channels):
        at = start + channel * channel_stride
        line = source[at : at + width]
        for i in range(width):
            change = line[i] - mean[i]
            root[i] += change * change
    for column in range(0, width, NATIVE):
        inverse_sqrt((root,), (column,), (share, _EPS))
    root[width:] = 0.0


@compiled
def layer_norm_rows(source, source_at, size, rows, panels, centred):  # type: ignore[no-untyped-def]
    """Normalise the channels of each pixel of some rows.

    Parameters
    ----------
    source, source_at
        Flat memory; the element of the first pixel, and how far apart rows and channels lie.
    size
        Height, width and channels.
    rows
        The first row, and the one behind the last; within the map.
    panels
        Written: as `layer_norm_panels` makes it.
    centred
        Whether the mean is taken away.
    """
    _, width, channels = size
    wide, depth = -(-width // COLUMNS) * COLUMNS, channels + 1
    mean, root = np.empty(wide, np.float32), np.empty(wide, np.float32)
    factors = (np.float32(-1.0 if centred else 0.0),)
    for row in range(rows[0], rows[1]):
        start, to = source_at[0] + row * source_at[1], (row - rows[0]) * wide * depth
        _mean_and_inverse_deviation(source, start, source_at[2], (channels, width), mean, root)
        for channel in range(channels):
            at, place = start + channel * source_at[2], to + channel * COLUMNS
            for column in range(0, wide, NATIVE):
                goal = place + column // COLUMNS * depth * COLUMNS + column % COLUMNS
                places = (at + column, column, column, goal)
                center_and_scale((source, mean, root, panels), places, factors)
