"""Layer norm of some rows of a map, its scale and shift left to the product that follows."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.kernels.planar import NATIVE
from rainmer_analysis.kernels.planar.functions import inverse_root
from rainmer_analysis.kernels.simd_vectors import compiled

__all__ = ["normalise"]

_EPS = np.float32(1e-5)


@compiled
def _sums(x, start, plane, shape, mean, root):  # type: ignore[no-untyped-def]
    """Sum a row's channels up to their mean and to the inverse of their deviation."""
    channels, width = shape
    share = np.float32(1.0 / channels)
    mean[:width] = 0.0
    root[:] = 0.0
    for channel in range(channels):
        at = start + channel * plane
        line = x[at : at + width]
        for i in range(width):
            mean[i] += line[i]
    for i in range(width):
        mean[i] *= share
    for channel in range(channels):
        at = start + channel * plane
        line = x[at : at + width]
        for i in range(width):
            change = line[i] - mean[i]
            root[i] += change * change
    for column in range(0, width, NATIVE):
        inverse_root((root,), (column,), (share, _EPS))


@compiled
def normalise(x, source, size, rows, y, target, centred):  # type: ignore[no-untyped-def]
    """Normalise the channels of each pixel, and put a channel of ones behind them.

    That channel carries the shift of the norm through the product that follows. Rows outside the
    map become zeros, in all channels: the shift as well ends with the map.

    Parameters
    ----------
    x, source
        Flat memory; the element of the first pixel, and how far apart rows and channels lie.
    size
        Height, width and channels.
    rows
        The first row, which may lie above the map, and the one behind the last.
    y, target
        Written: flat memory, and the first row's place in it, as for `source`. Columns beyond the
        map are left as they are.
    centred
        Whether the mean is taken away.
    """
    height, width, channels = size
    columns = -(-width // NATIVE) * NATIVE
    mean, root = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for row in range(rows[0], rows[1]):
        to = target[0] + (row - rows[0]) * target[1]
        if row < 0 or row >= height:
            for channel in range(channels + 1):
                y[to + channel * target[2] : to + channel * target[2] + width] = 0.0
            continue
        start = source[0] + row * source[1]
        _sums(x, start, source[2], (channels, width), mean, root)
        if not centred:
            mean[:] = 0.0
        for channel in range(channels):
            at, place = start + channel * source[2], to + channel * target[2]
            line, found = x[at : at + width], y[place : place + width]
            for i in range(width):
                found[i] = (line[i] - mean[i]) * root[i]
        place = to + channels * target[2]
        y[place : place + width] = 1.0
