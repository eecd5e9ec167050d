"""How far a pair's two images are shifted, resized or turned against each other, in pixels.

The weather of one image must not move the answer: it is a robust least-squares registration
(Lucas and Kanade, IJCAI 1981; Baker and Matthews, IJCV 56, 2004) in which the gradients come from
the partner, contrast is fitted in every tile (a veil differs from place to place), pixels that the
weather changed lose their weight, and the error comes from leaving out one part of the image after
the other. Luma and red minus blue both count, as precisely as they fit: grey rain leaves the
latter alone. It starts from the best whole-pixel shift that cross-correlation finds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import correlate1d, uniform_filter

from rainmer_analysis.auditing.thumbnails import luma_levels

__all__ = ["Registration", "register"]

_COARSE = 192  # longer side of the planes that are cross-correlated
_FINE = 256  # longer side from which planes are reduced by whole factors before registration, ...
_MOST_REDUCED = 3  # ... up to this one: what is found gets less exact by it
_TILE = 16
_ROUNDS = 6
_PARTS = 4  # the image is left out in 4x4 parts
_LOCAL = 31  # pixels over which a mean is taken off
_FARTHEST = 0.25  # of a side
_BETTER = 0.01  # what another start must gain in correlation
_FLAT = 0.05  # levels
_NOISE = 0.25  # levels of rounding
_IN_PIXELS = ("right", "down", "displacement", "error")
_SMALL = 0.15  # pixels below which one step is accurate enough

Plane = npt.NDArray[np.float32]
Planes = npt.NDArray[np.float32]  # (channels, H, W)
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the content of the partner lies in the image.

    Parameters
    ----------
    right, down
        Shift in pixels: what the partner shows at x lies in the image at x + right.
    scale
        How much larger the image shows it.
    turn
        Degrees, clockwise.
    displacement
        Pixels by which image and partner differ at the worst: in the middle, or in the corners.
    error
        Standard error of the displacement in pixels.
    correlation
        Of fine contrast after registration; near 0 for images of different scenes.
    """

    right: float
    down: float
    scale: float
    turn: float
    displacement: float
    error: float
    correlation: float


def register(image: Planes, partner: Planes) -> Registration | None:
    """Register two images [3, H, W] in [0, 1] of one shape.

    Returns
    -------
    None where one of the two has no contrast to compare, or a side is under 32 pixels.
    """
    factor = int(np.clip(max(image.shape[1:]) // _FINE, 1, _MOST_REDUCED))
    one, two = (_channels(each, factor) for each in (image, partner))
    if min(one.shape[1:]) < 2 * _TILE:
        return None
    start = _whole_shift(one[0], two[0])
    one, two = (np.stack([_local_contrast(plane) for plane in each]) for each in (one, two))
    if min(float(one[0].std()), float(two[0].std())) < _FLAT:
        return None
    best = _refined(one, two, (0, 0))
    if start != (0, 0):
        other = _refined(one, two, start)
        if other.correlation > best.correlation + _BETTER:
            best = other
    pixels = {name: getattr(best, name) * factor for name in _IN_PIXELS}
    return replace(best, **pixels)


def _channels(image: Planes, factor: int) -> Planes:
    """Return luma and red minus blue on levels of 0 to 255, reduced."""
    planes = np.stack([luma_levels(image), (image[0] - image[2]) * np.float32(255)])
    return np.stack([_reduced(plane, factor) for plane in planes]) if factor > 1 else planes


def _reduced(plane: Plane, factor: int) -> Plane:
    height, width = (side // factor for side in plane.shape)
    cut = plane[: height * factor, : width * factor]
    return np.asarray(cut.reshape(height, factor, width, factor).mean(axis=(1, 3)), np.float32)


def _local_contrast(plane: Plane) -> Plane:
    """Smooth a plane over about two pixels and take off what is broad."""
    kernel = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 16
    smooth = correlate1d(correlate1d(plane, kernel, axis=0), kernel, axis=1)
    return np.asarray(smooth - uniform_filter(smooth, _LOCAL), dtype=np.float32)


def _whole_shift(image: Plane, partner: Plane) -> tuple[int, int]:
    """Return the shift (down, right) of whole pixels at which the two correlate best."""
    factor = max(1, -(-max(image.shape) // _COARSE))
    one, two = (_reduced(each, factor) for each in (image, partner))
    rows, columns = one.shape
    shape = [fft.next_fast_len(int(side * (1 + _FARTHEST)) + 1, real=True) for side in one.shape]
    one, two = one - one.mean(), two - two.mean()
    spectrum = fft.rfft2(one, shape) * np.conj(fft.rfft2(two, shape))
    spectrum /= np.sqrt(np.abs(spectrum) + 1e-6)  # half way to phases alone: sharp, not brittle
    correlation = fft.irfft2(spectrum, shape)
    down, right = int(rows * _FARTHEST), int(columns * _FARTHEST)
    near = np.roll(correlation, (down, right), axis=(0, 1))[: 2 * down + 1, : 2 * right + 1]
    at = np.unravel_index(int(near.argmax()), near.shape)
    return (int(at[0]) - down) * factor, (int(at[1]) - right) * factor


@dataclass(frozen=True, slots=True)
class _Tiles:
    """Sums over tiles: normal equations of each tile's own shift, and where its middle lies."""

    normal: Vector  # (t, 2, 2), of (right, down)
    right_side: Vector  # (t, 2)
    centres: Vector  # (t, 2), from the image's middle, in half diagonals
    parts: npt.NDArray[np.int64]  # (t,), which of the 16 parts a tile belongs to
    correlation: float


def _refined(image: Planes, partner: Planes, start: tuple[int, int]) -> Registration:
    """Fit shift, scale and turn around a start, and their errors."""
    half = float(np.hypot(*image.shape[1:])) / 2
    motion = np.array([start[1], start[0], 0.0, 0.0])
    tiles = _tiles(image, partner, motion)
    for _ in range(_ROUNDS):
        step = _solved(tiles, np.ones(len(tiles.parts), dtype=bool))
        motion = motion + step
        if abs(step).max() < _SMALL:
            break
        tiles = _tiles(image, partner, motion)
    left_out = [
        _solved(tiles, tiles.parts != part)
        for part in range(_PARTS**2)
        if (tiles.parts == part).any()
    ]
    count = len(left_out)
    spread = np.array(left_out) - np.mean(left_out, axis=0)
    errors = np.sqrt((count - 1) / count * (spread**2).sum(axis=0))
    middle, corner = float(np.hypot(*motion[:2])), float(np.hypot(*motion[2:]))
    # what a corner moves counts only where it is certain: few images have sharp corners
    corner, wide = (corner, errors[2:]) if corner > 5 * np.hypot(*errors[2:]) else (0.0, errors[:2])
    displacement, error = max((middle, errors[:2]), (corner, wide), key=lambda each: each[0])
    return Registration(
        float(motion[0]),
        float(motion[1]),
        1.0 + float(motion[2]) / half,
        float(np.degrees(motion[3] / half)),
        displacement,
        float(np.hypot(*error)),
        tiles.correlation,
    )


def _solved(tiles: _Tiles, chosen: npt.NDArray[np.bool_]) -> Vector:
    """Solve for (right, down, growth, turn), the last two in pixels at the corners."""
    along, below = tiles.centres[chosen].T
    one, none = np.ones_like(along), np.zeros_like(along)
    basis = np.array([[one, none, along, -below], [none, one, below, along]])  # (2, 4, t)
    matrix = np.einsum("ipt,tij,jqt->pq", basis, tiles.normal[chosen], basis, optimize=True)
    vector = np.einsum("ipt,ti->p", basis, tiles.right_side[chosen])
    ridge = 1e-3 * np.trace(matrix[:2, :2]) * np.diag([0.0, 0.0, 1.0, 1.0])
    ridge += (1e-9 + 1e-6 * np.trace(matrix)) * np.eye(4)
    return np.asarray(np.clip(np.linalg.solve(matrix + ridge, vector), -2.0, 2.0))


def _tiles(image: Planes, partner: Planes, motion: Vector) -> _Tiles:
    """Compare the image with its partner, moved by what is known so far."""
    at = _positions(image.shape[1:], motion)
    sums = [_channel_sums(own, other, at) for own, other in zip(image, partner, strict=True)]
    normal, side = (sum(part) for part in list(zip(*sums, strict=True))[:2])
    rows, columns = (length // _TILE for length in image.shape[1:])
    centres, parts = _layout(rows, columns)
    return _Tiles(
        np.asarray(normal).reshape(2, 2, -1).transpose(2, 0, 1),
        np.asarray(side).reshape(2, -1).T,
        centres,
        parts,
        sums[0][2],
    )


def _channel_sums(
    image: Plane, partner: Plane, at: _Positions | None
) -> tuple[Vector, Vector, float]:
    """Return a channel's normal equations, tile by tile, and how its two planes correlate."""
    rows, columns = (side // _TILE * _TILE for side in image.shape)
    cut = np.s_[:rows, :columns]
    moved = partner if at is None else _cubic(partner, at)
    across, down = (_slope(moved, axis)[cut] for axis in (1, 0))
    image, moved = image[cut], moved[cut]
    valid = np.float32(1) if at is None else at.inside[cut].astype(np.float32)
    together, own = _sums(valid * image * moved), _sums(valid * moved * moved)
    floor = 1e-3 * float(own.mean()) + 1e-6
    gain = np.clip(together / (own + floor), 0.0, 3.0).astype(np.float32)
    grown = np.repeat(np.repeat(gain, _TILE, axis=0), _TILE, axis=1)
    residual = image - grown * moved
    scale = np.float32(2.0 * 1.4826 * np.median(np.abs(residual[::2, ::2])) + _NOISE)
    weight = valid / (1.0 + (residual / scale) ** 2) / scale**2
    across *= grown
    down *= grown
    cross = _sums(weight * across * down)
    normal = [[_sums(weight * across**2), cross], [cross, _sums(weight * down**2)]]
    # content moved right by d is f(x - d): the residual is -d times the slope
    side = [-_sums(weight * across * residual), -_sums(weight * down * residual)]
    energy = float((valid * image * image).sum()) * float(own.sum())
    correlation = float(together.sum()) / float(np.sqrt(energy)) if energy > 0 else 0.0
    return np.array(normal, np.float64), np.array(side, np.float64), correlation


def _layout(rows: int, columns: int) -> tuple[Vector, npt.NDArray[np.int64]]:
    row, column = (each.ravel() for each in np.mgrid[:rows, :columns])
    half = np.hypot(rows, columns) / 2
    centres = np.stack([column + 0.5 - columns / 2, row + 0.5 - rows / 2], axis=1) / half
    parts = (row * _PARTS // rows) * _PARTS + column * _PARTS // columns
    return centres, parts.astype(np.int64)


def _sums(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    rows, columns = (side // _TILE for side in values.shape)
    tiles = values.reshape(rows, _TILE, columns, _TILE)
    return np.asarray(tiles.sum(axis=(1, 3)), dtype=np.float32)


def _slope(plane: Plane, axis: int) -> Plane:
    """Return the change a pixel, by a filter exact to fourth order."""
    kernel = np.array([1, -8, 0, 8, -1], dtype=np.float32) / 12
    return np.asarray(correlate1d(plane, kernel, axis=axis, mode="nearest"), dtype=np.float32)


class _Positions(NamedTuple):
    """Where moved content comes from: columns and rows, and whether it is inside."""

    x: Vector
    y: Vector
    inside: npt.NDArray[np.bool_]


def _positions(shape: tuple[int, ...], motion: Vector) -> _Positions | None:
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
    return _Positions(x, y, inside)


def _cubic(plane: Plane, at: _Positions) -> Plane:
    """Sample a plane by Catmull and Rom's cubic, first along rows, then along columns.

    Both passes take the other coordinate where it stands, which is exact for shifts and right to
    second order for the small turns that are fitted here.
    """
    rows, columns = plane.shape
    left = np.floor(at.x).astype(np.intp)
    row = np.arange(rows)[:, None]
    across = np.zeros_like(plane)
    for offset, weight in zip((-1, 0, 1, 2), _taps((at.x - left).astype(np.float32)), strict=True):
        across += weight * plane[row, np.clip(left + offset, 0, columns - 1)]
    above = np.floor(at.y).astype(np.intp)
    column = np.arange(columns)[None]
    found = np.zeros_like(plane)
    for offset, weight in zip((-1, 0, 1, 2), _taps((at.y - above).astype(np.float32)), strict=True):
        found += weight * across[np.clip(above + offset, 0, rows - 1), column]
    return found


def _taps(part: Plane) -> tuple[Plane, ...]:
    """Return the four weights of a cubic through samples at -1, 0, 1 and 2."""
    square, cube = part * part, part * part * part
    taps = (
        -part + 2 * square - cube,
        2 - 5 * square + 3 * cube,
        part + 4 * square - 3 * cube,
        -square + cube,
    )
    return tuple(tap * np.float32(0.5) for tap in taps)
