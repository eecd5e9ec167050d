"""Planes smoothed, or shifted, scaled and turned by Catmull and Rom's cubic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["SourcePositions", "binomial_smooth", "find_source_positions", "sample_catmull_rom"]

Plane = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]


def binomial_smooth(plane: Plane) -> Plane:
    """Weight each pixel's neighbours by 1, 4, 6, 4, 1 in both directions; borders are reflected."""
    sums = np.pad(plane, 2, mode="symmetric")
    for _ in range(4):  # sums of two neighbours, four times: the binomial weights
        sums = sums[:-1] + sums[1:]
    for _ in range(4):
        sums = sums[:, :-1] + sums[:, 1:]
    sums *= np.float32(1 / 256)
    return sums


class SourcePositions(NamedTuple):
    """Where moved content comes from: columns and rows, and whether it is inside."""

    x: Vector
    y: Vector
    inside: npt.NDArray[np.bool_]


def find_source_positions(shape: tuple[int, ...], motion: Vector) -> SourcePositions | None:
    """Return where the content comes from that moves by (right, down, growth, turn)."""
    rows, columns = shape
    if not motion.any():
        return None
    half = np.hypot(rows, columns) / 2
    along = (np.arange(columns) + 0.5 - columns / 2)[None]
    below = (np.arange(rows) + 0.5 - rows / 2)[:, None]
    right, down, growth, turn = motion / np.array([1.0, 1.0, half, half])
    x = np.arange(columns)[None] - right - growth * along + turn * below
    y = np.arange(rows)[:, None] - down - growth * below - turn * along
    inside = (x >= 2) & (x <= columns - 3) & (y >= 2) & (y <= rows - 3)
    return SourcePositions(x, y, inside)


def sample_catmull_rom(plane: Plane, at: SourcePositions) -> Plane:
    """Sample a plane by Catmull and Rom's cubic, first along rows, then along columns.

    Both passes take the other coordinate where it stands, which is exact for shifts and right to
    second order for the small turns that are fitted here.
    """
    rows, columns = plane.shape
    left = np.floor(at.x).astype(np.intp)
    row = np.arange(rows)[:, None]
    across = np.zeros_like(plane)
    for offset, weight in zip(
        (-1, 0, 1, 2), _catmull_rom_weights((at.x - left).astype(np.float32)), strict=True
    ):
        across += weight * plane[row, np.clip(left + offset, 0, columns - 1)]
    above = np.floor(at.y).astype(np.intp)
    column = np.arange(columns)[None]
    found = np.zeros_like(plane)
    for offset, weight in zip(
        (-1, 0, 1, 2), _catmull_rom_weights((at.y - above).astype(np.float32)), strict=True
    ):
        found += weight * across[np.clip(above + offset, 0, rows - 1), column]
    return found


def _catmull_rom_weights(fraction: Plane) -> tuple[Plane, ...]:
    """Return the four weights of a cubic through samples at -1, 0, 1 and 2."""
    square, cube = fraction * fraction, fraction * fraction * fraction
    taps = (
        -fraction + 2 * square - cube,
        2 - 5 * square + 3 * cube,
        fraction + 4 * square - 3 * cube,
        -square + cube,
    )
    return tuple(tap * np.float32(0.5) for tap in taps)
