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

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import correlate1d, uniform_filter

from rainmer_analysis.auditing.luma_and_colour_thumbnails import Planes
from rainmer_analysis.auditing.plane_smoothing_and_resampling import (
    SourcePositions,
    binomial_smooth,
    find_source_positions,
    sample_catmull_rom,
)

__all__ = ["Registration", "try_to_register_pair"]

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
_CERTAIN_CORNER = 7.0  # standard errors from which what corners move counts
_IN_PIXELS = ("right", "down", "displacement", "error")
_SMALL = 0.05  # pixels: a step of the shift after which no other is taken, ...
_SMALL_WIDE = 0.15  # ... and one of growth and turn, at the corners

Plane = npt.NDArray[np.float32]
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


def try_to_register_pair(image: Planes, partner: Planes) -> Registration | None:
    """Register two images, given as planes (2, H, W) of one shape.

    Returns
    -------
    None where one of the two has no contrast to compare, or a side is under 32 pixels.
    """
    factor = int(np.clip(max(image.shape[1:]) // _FINE, 1, _MOST_REDUCED))
    one, two = (
        np.stack([_downsample(plane, factor) for plane in each]) if factor > 1 else each
        for each in (image, partner)
    )
    if min(one.shape[1:]) < 2 * _TILE:
        return None
    start = _best_whole_pixel_shift(one[0], two[0])
    one, two = (np.stack([_local_contrast(plane) for plane in each]) for each in (one, two))
    if min(float(one[0].std()), float(two[0].std())) < _FLAT:
        return None
    best = _fit_registration(one, two, (0, 0))
    if start != (0, 0):
        other = _fit_registration(one, two, start)
        if other.correlation > best.correlation + _BETTER:
            best = other
    pixels = {name: getattr(best, name) * factor for name in _IN_PIXELS}
    return replace(best, **pixels)


def _downsample(plane: Plane, factor: int) -> Plane:
    """Return means over squares of factor x factor pixels; what is left at the end is cut off."""
    height, width = (side // factor for side in plane.shape)
    cut = plane[: height * factor, : width * factor]
    rows = cut.reshape(height, factor, width * factor).sum(axis=1).reshape(height, width, factor)
    total = sum((rows[..., column] for column in range(1, factor)), rows[..., 0])
    return np.asarray(total / np.float32(factor**2), dtype=np.float32)


def _local_contrast(plane: Plane) -> Plane:
    """Smooth a plane over about two pixels and take off what is broad."""
    fine = binomial_smooth(plane)
    return np.asarray(fine - uniform_filter(fine, _LOCAL), dtype=np.float32)


def _best_whole_pixel_shift(image: Plane, partner: Plane) -> tuple[int, int]:
    """Return the shift (down, right) of whole pixels at which the two correlate best."""
    factor = max(1, -(-max(image.shape) // _COARSE))
    one, two = (_downsample(each, factor) for each in (image, partner))
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
    """Normal equations of each tile in what is fitted, the tile's part, and the correlation.

    ``matrices`` has shape (t, 4, 4), ``vectors`` (t, 4), ``parts`` (t,).
    """

    matrices: Vector
    vectors: Vector
    parts: npt.NDArray[np.int64]
    correlation: float


def _fit_registration(image: Planes, partner: Planes, start: tuple[int, int]) -> Registration:
    """Fit shift, scale and turn around a start, and their errors."""
    half = float(np.hypot(*image.shape[1:])) / 2
    motion = np.array([start[1], start[0], 0.0, 0.0])
    tiles = _normal_equations_by_tile(image, partner, motion)
    for _ in range(_ROUNDS):
        step = _solve_motion_step(tiles.matrices.sum(axis=0), tiles.vectors.sum(axis=0))
        motion = motion + step
        if abs(step[:2]).max() < _SMALL and abs(step[2:]).max() < _SMALL_WIDE:
            break
        tiles = _normal_equations_by_tile(image, partner, motion)
    displacement, error = _displacement_and_error(motion, _jackknife_covariance(tiles))
    return Registration(
        float(motion[0]),
        float(motion[1]),
        1.0 + float(motion[2]) / half,
        float(np.degrees(motion[3] / half)),
        displacement,
        error,
        tiles.correlation,
    )


def _displacement_and_error(motion: Vector, covariance: Vector) -> tuple[float, float]:
    """Return by how many pixels a motion moves content at the worst, and the standard error.

    What a corner moves counts only where it is certain: few images have sharp corners.
    """
    lengths, errors = [], []
    for part in (slice(0, 2), slice(2, 4)):
        length = float(np.hypot(*motion[part]))
        # the error of a length is that along it
        along = motion[part] / length if length > 0 else np.full(2, np.sqrt(0.5))
        lengths.append(length)
        errors.append(float(np.sqrt(along @ covariance[part, part] @ along)))
    wide = int(lengths[1] > max(lengths[0], _CERTAIN_CORNER * errors[1]))
    return lengths[wide], errors[wide]


def _jackknife_covariance(tiles: _Tiles) -> Vector:
    """Return the covariance of what is fitted, from leaving out one part after the other."""
    member = tiles.parts == np.unique(tiles.parts)[:, None]
    matrices = np.tensordot((~member).astype(np.float64), tiles.matrices, axes=1)
    left_out = _solve_motion_step(matrices, (~member) @ tiles.vectors)
    spread = left_out - left_out.mean(axis=0)
    return np.asarray((len(spread) - 1) / len(spread) * spread.T @ spread)


def _solve_motion_step(matrix: Vector, vector: Vector) -> Vector:
    """Solve for (right, down, growth, turn), the last two in pixels at the corners.

    Parameters
    ----------
    matrix, vector
        Normal equations, shapes (..., 4, 4) and (..., 4).
    """
    shifts = matrix[..., 0, 0] + matrix[..., 1, 1]
    whole = np.trace(matrix, axis1=-2, axis2=-1)
    ridge = 1e-3 * shifts[..., None, None] * np.diag([0.0, 0.0, 1.0, 1.0])
    ridge = ridge + (1e-9 + 1e-6 * whole)[..., None, None] * np.eye(4)
    solved = np.linalg.solve(matrix + ridge, vector[..., None])[..., 0]
    return np.asarray(np.clip(solved, -2.0, 2.0))


def _normal_equations_by_tile(image: Planes, partner: Planes, motion: Vector) -> _Tiles:
    """Compare the image with its partner, moved by what is known so far."""
    at = find_source_positions(image.shape[1:], motion)
    sums = [
        _channel_equations_and_correlation(own, other, at)
        for own, other in zip(image, partner, strict=True)
    ]
    normal, side = (sum(part) for part in list(zip(*sums, strict=True))[:2])
    rows, columns = (length // _TILE for length in image.shape[1:])
    centres, parts = _tile_centres_and_parts(rows, columns)
    along, below = centres.T
    basis = np.zeros((len(centres), 2, 4))  # what a tile's shift is made of
    basis[:, 0, 0] = basis[:, 1, 1] = 1
    basis[:, 0, 2] = basis[:, 1, 3] = along
    basis[:, 1, 2], basis[:, 0, 3] = below, -below
    back = np.swapaxes(basis, 1, 2)
    own = np.asarray(normal).reshape(2, 2, -1).transpose(2, 0, 1)
    right_side = np.asarray(side).reshape(2, -1).T[..., None]
    return _Tiles(back @ own @ basis, (back @ right_side)[..., 0], parts, sums[0][2])


def _channel_equations_and_correlation(
    image: Plane, partner: Plane, at: SourcePositions | None
) -> tuple[Vector, Vector, float]:
    """Return a channel's normal equations, tile by tile, and how its two planes correlate."""
    rows, columns = (side // _TILE * _TILE for side in image.shape)
    cut = np.s_[:rows, :columns]
    moved = partner if at is None else sample_catmull_rom(partner, at)
    across, down = (_gradient_along(moved, axis)[cut] for axis in (1, 0))
    image, moved = image[cut], moved[cut]
    valid = np.float32(1) if at is None else at.inside[cut].astype(np.float32)
    together, own = _sum_by_tile(valid * image * moved), _sum_by_tile(valid * moved * moved)
    floor = 1e-3 * float(own.mean()) + 1e-6
    gain = np.clip(together / (own + floor), 0.0, 3.0).astype(np.float32)
    grown = np.repeat(np.repeat(gain, _TILE, axis=0), _TILE, axis=1)
    residual = image - grown * moved
    scale = np.float32(2.0 * 1.4826 * np.median(np.abs(residual[::2, ::2])) + _NOISE)
    weight = valid / (1.0 + (residual / scale) ** 2) / scale**2
    across *= grown
    down *= grown
    cross = _sum_by_tile(weight * across * down)
    normal = [[_sum_by_tile(weight * across**2), cross], [cross, _sum_by_tile(weight * down**2)]]
    # content moved right by d is f(x - d): the residual is -d times the slope
    side = [-_sum_by_tile(weight * across * residual), -_sum_by_tile(weight * down * residual)]
    energy = float((valid * image * image).sum()) * float(own.sum())
    correlation = float(together.sum()) / float(np.sqrt(energy)) if energy > 0 else 0.0
    return np.array(normal, np.float64), np.array(side, np.float64), correlation


def _tile_centres_and_parts(rows: int, columns: int) -> tuple[Vector, npt.NDArray[np.int64]]:
    row, column = (each.ravel() for each in np.mgrid[:rows, :columns])
    half = np.hypot(rows, columns) / 2
    centres = np.stack([column + 0.5 - columns / 2, row + 0.5 - rows / 2], axis=1) / half
    parts = (row * _PARTS // rows) * _PARTS + column * _PARTS // columns
    return centres, parts.astype(np.int64)


def _sum_by_tile(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    rows, columns = (side // _TILE for side in values.shape)
    # whole rows are added first, which is many times as fast as tile by tile
    across = values.reshape(rows, _TILE, columns * _TILE).sum(axis=1)
    return np.asarray(across.reshape(rows, columns, _TILE).sum(axis=2), dtype=np.float32)


def _gradient_along(plane: Plane, axis: int) -> Plane:
    """Return the change a pixel, by a filter exact to fourth order."""
    kernel = np.array([1, -8, 0, 8, -1], dtype=np.float32) / 12
    return np.asarray(correlate1d(plane, kernel, axis=axis, mode="nearest"), dtype=np.float32)
