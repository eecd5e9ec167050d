"""Descriptors of whole images and of their windows, by which copies and crops find each other.

A descriptor is the low frequencies of a thumbnail's window: its cosine transform up to the fifth
half wave in each direction, without the mean, each frequency weighted by its length so that all of
them count alike in natural images, scaled to unit length. Brightness and contrast drop out; rain,
which is fine, hardly enters; a mirrored image has the same numbers with some signs changed.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing.luma_and_colour_thumbnails import SIDE, Thumbnails

__all__ = ["AxisInterval", "describe_windows", "mirrored_descriptors", "window_boxes"]

_ORDER = 6  # cosines of 0 to 5 half waves
_SCALES = (1.0, 0.88, 0.77, 0.68, 0.6, 0.53)
_STRIDE = 0.12  # of a window's side

Floats = npt.NDArray[np.float32]
Box = npt.NDArray[np.float64]


class AxisInterval(NamedTuple):
    """An interval of one axis of an image, as shares of its length, and its step of scale."""

    start: float
    length: float
    step: int


@cache
def _axis_intervals() -> tuple[AxisInterval, ...]:
    found = []
    for step, scale in enumerate(_SCALES):
        free = 1.0 - scale
        count = 1 + int(np.ceil(free / (_STRIDE * scale) - 1e-9))
        found += [
            AxisInterval(float(start), scale, step) for start in np.linspace(0.0, free, count)
        ]
    return tuple(found)


@cache
def _allowed_interval_pairs() -> npt.NDArray[np.intp]:
    """Return which pairs of intervals (down, across) make windows; the first is the whole image.

    Shapes may differ from the image's by two steps of scale, a third.
    """
    steps = [each.step for each in _axis_intervals()]
    return np.array(
        [
            (down, across)
            for down, own in enumerate(steps)
            for across, other in enumerate(steps)
            if abs(own - other) <= 2
        ]
    )


@cache
def window_boxes() -> Box:
    """Return the windows, shape (w, 4): top, left, height, width as shares; whole image first."""
    intervals = _axis_intervals()
    return np.array(
        [
            (
                intervals[down].start,
                intervals[across].start,
                intervals[down].length,
                intervals[across].length,
            )
            for down, across in _allowed_interval_pairs()
        ]
    )


@cache
def _cosine_integrals_of_intervals() -> Floats:
    """Return the cosines on every interval, shape (intervals * 6, 96)."""
    rows = []
    for start, length, _ in _axis_intervals():
        edges = np.clip((np.arange(SIDE + 1) / SIDE - start) / length, 0.0, 1.0)
        for order in range(_ORDER):
            wave = edges if order == 0 else np.sin(np.pi * order * edges) / (np.pi * order)
            rows.append(np.diff(wave))  # the exact integral over each pixel
    return np.asarray(rows, dtype=np.float32)


@cache
def _frequency_weights() -> Floats:
    orders = np.arange(_ORDER)
    return np.asarray(np.hypot(orders[:, None], orders), dtype=np.float32)


def describe_windows(thumbnails: Thumbnails, *, whole_only: bool = False) -> Floats:
    """Describe the windows of thumbnails.

    Parameters
    ----------
    thumbnails
        Shape (n, 2, 96, 96); luma alone counts.
    whole_only
        Describe the whole images alone.

    Returns
    -------
    Unit rows, shape (n, w, 35), in the order of `window_boxes`, or (n, 35); a row of an image
    without any contrast is zero.
    """
    projection = _cosine_integrals_of_intervals()[: _ORDER if whole_only else None]
    across = thumbnails[:, 0].astype(np.float32) @ projection.T
    found = np.swapaxes(across, 1, 2) @ projection.T  # (n, frequencies across, frequencies down)
    count = len(projection) // _ORDER
    tiles = found.reshape(len(found), count, _ORDER, count, _ORDER).transpose(0, 3, 1, 4, 2)
    down, left = _allowed_interval_pairs().T if not whole_only else np.zeros((2, 1), dtype=np.intp)
    rows = (tiles[:, down, left] * _frequency_weights()).reshape(len(found), len(down), -1)[..., 1:]
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    units = np.where(lengths > 1e-2, rows / np.maximum(lengths, 1e-2), np.float32(0))
    return np.asarray(units[:, 0] if whole_only else units, dtype=np.float32)


def mirrored_descriptors(descriptors: Floats) -> Floats:
    """Return the descriptors that images flipped left to right would have."""
    signs = np.tile(1.0 - 2.0 * (np.arange(_ORDER) % 2), _ORDER)[1:]
    return np.asarray(descriptors * signs.astype(np.float32), dtype=np.float32)
