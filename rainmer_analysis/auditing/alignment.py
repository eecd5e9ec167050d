"""Whether two thumbnails show one scene: one is laid onto a window of the other and compared.

Candidates come from descriptors, which know where about a window lies. Here the window is refined
(shift and size in both directions, by the least squares of `registration`, on 56x56 cells, or on
28x28 for a first look), and the fine contrast of both is correlated, in luma and in colour: near
1 for copies, lower under different weather, near 0 for different scenes however alike their layout
is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d, uniform_filter1d

from rainmer_analysis.auditing.thumbnails import SIDE, Thumbnails

__all__ = ["FINE", "ROUGH", "Alignments", "Grid", "align"]

_COLOURFUL = 1.0  # levels of local contrast in colour under which it says nothing
_MOST = 0.06  # of the window by which one round may move it

Floats = npt.NDArray[np.float32]
Boxes = npt.NDArray[np.float64]


class Grid(NamedTuple):
    """Cells a side that windows are compared on, and the rounds that refine a window.

    A mean over ``local`` cells is taken off; ``border`` cells at each side do not count.
    """

    cells: int
    local: int
    border: int
    rounds: int

    @property
    def inner(self) -> tuple[slice, slice, slice]:
        """The cells that count."""
        within = slice(self.border, -self.border)
        return slice(None), within, within


ROUGH = Grid(28, 7, 2, 3)
FINE = Grid(56, 13, 3, 5)


class Alignments(NamedTuple):
    """How n pairs compare once they lie on each other.

    Parameters
    ----------
    boxes
        Shape (n, 4): top, left, height and width of the window, as shares of the first image.
    correlation
        Of local contrast in luma, shape (n,).
    colour
        Of local contrast in red minus blue, shape (n,); NaN where one of the two has hardly any.
    residual
        Root of the mean square of what is left of the second image once contrast and mean are
        fitted, in levels, shape (n,).
    gain, offset
        Contrast of the second image against the first, and its mean less that of the first, in
        levels.
    """

    boxes: Boxes
    correlation: Floats
    colour: Floats
    residual: Floats
    gain: Floats
    offset: Floats

    def of(self, pairs: npt.NDArray[np.intp]) -> Alignments:
        """Return how some of the pairs compare."""
        correlation, colour, residual, gain, offset = (each[pairs] for each in self[1:])
        return Alignments(self.boxes[pairs], correlation, colour, residual, gain, offset)


def align(
    first: Thumbnails, second: Thumbnails, boxes: npt.ArrayLike, *, grid: Grid = FINE
) -> Alignments:
    """Lay each second thumbnail onto a window of the first one.

    Parameters
    ----------
    first, second
        Shape (n, 2, 96, 96).
    boxes
        Where the windows lie about, shape (n, 4).
    grid
        How finely they are compared.
    """
    places = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    source, partner = (each[:, 0].astype(np.float32) for each in (first, second))
    whole = np.broadcast_to([0.0, 0.0, 1.0, 1.0], places.shape)
    other = _sampled(partner, whole, grid.cells)
    contrast = _local_contrast(other, grid)
    best = np.full(len(places), -np.inf)
    kept = places.copy()
    for round_ in range(grid.rounds + 1):
        fine = _local_contrast(_sampled(source, places, grid.cells), grid)
        correlation = _correlation(fine, contrast, grid)
        better = correlation > best
        best, kept = np.where(better, correlation, best), np.where(better[:, None], places, kept)
        if round_ < grid.rounds:
            places = _stepped(places, fine, contrast, grid)
    own = _sampled(source, kept, grid.cells)
    tints = [
        _local_contrast(_sampled(each[:, 1].astype(np.float32), at, grid.cells), grid)
        for each, at in ((first, kept), (second, whole))
    ]
    contrasts = np.min([each.std(axis=(1, 2)) for each in tints], axis=0)
    colour = np.where(contrasts < _COLOURFUL, np.nan, _correlation(tints[0], tints[1], grid))
    return _compared((own[grid.inner], other[grid.inner]), kept, best, colour)


def _compared(
    images: tuple[Floats, Floats], boxes: Boxes, correlation: Boxes, colour: Boxes
) -> Alignments:
    one, two = (each.reshape(len(each), -1) for each in images)
    means = one.mean(axis=1), two.mean(axis=1)
    one, two = one - means[0][:, None], two - means[1][:, None]
    gain = (one * two).sum(axis=1) / np.maximum((one * one).sum(axis=1), 1e-3)
    residual = np.sqrt(((two - gain[:, None] * one) ** 2).mean(axis=1))
    luma, tint = (each.astype(np.float32) for each in (correlation, colour))
    return Alignments(boxes, luma, tint, residual, gain, means[1] - means[0])


def _sampled(images: Floats, boxes: Boxes, cells: int) -> Floats:
    """Resample windows to cells, linearly in both directions, as two matrix products."""
    halves = np.maximum(1.0, boxes[:, 2:] * SIDE / cells)
    down, across = (_taps(boxes[:, at], boxes[:, at + 2], halves[:, at], cells) for at in (0, 1))
    return np.asarray(down @ images @ np.swapaxes(across, 1, 2), dtype=np.float32)


def _taps(start: Boxes, length: Boxes, half: Boxes, cells: int) -> Floats:
    """Return triangles around the cells' middles, one row each, shape (n, cells, 96)."""
    middles = (start[:, None] + length[:, None] * (np.arange(cells) + 0.5) / cells) * SIDE - 0.5
    middles = np.clip(middles, 0, SIDE - 1).astype(np.float32)
    weights = np.abs(middles[..., None] - np.arange(SIDE, dtype=np.float32))
    weights *= np.float32(-1) / half.astype(np.float32)[:, None, None]
    weights += 1
    np.maximum(weights, 0, out=weights)
    weights /= weights.sum(axis=2, keepdims=True)
    return np.asarray(weights, dtype=np.float32)


def _local_contrast(images: Floats, grid: Grid) -> Floats:
    kernel = np.array([1, 2, 1], dtype=np.float32) / 4
    smooth = images
    for axis in (1, 2):
        smooth = correlate1d(smooth, kernel, axis=axis)
    broad = smooth
    for axis in (1, 2):
        broad = uniform_filter1d(broad, grid.local, axis=axis)
    return np.asarray(smooth - broad, dtype=np.float32)


def _correlation(one: Floats, two: Floats, grid: Grid) -> Boxes:
    one, two = one[grid.inner].astype(np.float64), two[grid.inner].astype(np.float64)
    energy = (one * one).sum(axis=(1, 2)) * (two * two).sum(axis=(1, 2))
    floor = (one[0].size * 0.05**2) ** 2  # no correlation of images without contrast
    return np.asarray((one * two).sum(axis=(1, 2)) / np.sqrt(energy + floor))


def _stepped(boxes: Boxes, own: Floats, other: Floats, grid: Grid) -> Boxes:
    """Move and stretch the windows by one step of least squares."""
    kernel = np.array([-1, 0, 1], dtype=np.float32) / 2
    down, across = (correlate1d(own, kernel, axis=axis)[grid.inner] for axis in (1, 2))
    own, other = own[grid.inner], other[grid.inner]
    energy = np.maximum((own * own).sum(axis=(1, 2)), 1e-3)
    gain = np.clip((own * other).sum(axis=(1, 2)) / energy, 0.1, 3.0)[:, None, None]
    residual = other - gain * own
    spread = 2 * np.median(np.abs(residual).reshape(len(own), -1), axis=1)[:, None, None] + 0.1
    weight = 1 / (1 + (residual / spread) ** 2)
    ramp = ((np.arange(grid.cells) + 0.5) / grid.cells - 0.5)[grid.inner[1]].astype(np.float32)
    basis = (
        np.stack([down, across, down * ramp[:, None], across * ramp[None]], axis=1) * gain[:, None]
    )
    basis = basis.reshape(len(own), 4, -1)
    weighted = basis * weight.reshape(len(own), 1, -1)
    matrix = weighted @ np.swapaxes(basis, 1, 2)
    vector = weighted @ residual.reshape(len(own), -1, 1)
    trace = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
    step = np.linalg.solve(matrix + (1e-3 * trace + 1e-6) * np.eye(4), vector)[..., 0] / grid.cells
    step = np.clip(step, -_MOST, _MOST).astype(np.float64)
    lengths = boxes[:, 2:]
    middles = boxes[:, :2] + lengths / 2 + step[:, :2] * lengths
    # the whole image, or nearly, stays inside itself; a window may not leave the image by much
    lengths = np.clip(lengths * (1 + step[:, 2:]), 0.3, 1.06)
    starts = np.clip(middles - lengths / 2, -0.04, 1.04 - lengths)
    return np.concatenate([starts, lengths], axis=1)
