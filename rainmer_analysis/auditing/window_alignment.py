"""Whether two thumbnails show one scene: one is laid onto a window of the other and compared.

Candidates come from descriptors, which know where about a window lies. Here the window is refined
(shift and size in both directions, by the least squares of `registration`, on 56x56 cells, or on
28x28 for a first look), and the fine contrast of both is correlated, in luma and in colour: near
1 for copies, lower under different weather, near 0 for different scenes however alike their layout
is.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d, uniform_filter1d

from rainmer_analysis.auditing.luma_and_colour_thumbnails import SIDE, Thumbnails

__all__ = ["FINE", "ROUGH", "Alignments", "Grid", "align_windows"]

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

    def without_border(self, images: Floats) -> Floats:
        """Return the cells that count of images (..., cells, cells)."""
        within = slice(self.border, -self.border)
        return images[..., within, within]


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
    compressed
        Of local contrast in luma, its large values compressed, shape (n,): a few bright lamps make
        the plain correlation of two nights high, and not this one.
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
    compressed: Floats
    residual: Floats
    gain: Floats
    offset: Floats

    @property
    def likeness(self) -> Floats:
        """Correlation of luma, or the mean of luma and colour where that is higher, shape (n,)."""
        both = (self.correlation + self.colour) / 2
        return np.asarray(np.fmax(self.correlation, both), dtype=self.correlation.dtype)

    def select(self, pairs: npt.NDArray[np.intp]) -> Alignments:
        """Return the alignments of some of the pairs, by their indices."""
        return Alignments(self.boxes[pairs], *(each[pairs] for each in self[1:]))


def align_windows(
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
    source, partner = (each.astype(np.float32) for each in (first, second))
    whole = np.broadcast_to([0.0, 0.0, 1.0, 1.0], places.shape)
    other = _sample_windows(partner, whole, grid.cells)
    contrast = _local_contrast(other, grid)
    best = np.full((2, len(places)), -np.inf)
    kept = places.copy()
    for round_ in range(grid.rounds + 1):
        fine = _local_contrast(_sample_windows(source, places, grid.cells), grid)
        found = _luma_and_colour_correlations(fine, contrast)
        better = _mean_of_luma_and_colour(found) > _mean_of_luma_and_colour(best)
        best, kept = np.where(better, found, best), np.where(better[:, None], places, kept)
        if round_ < grid.rounds:
            places = _refine_windows_once(places, fine, contrast, grid)
    own = _sample_windows(source[:, :1], kept, grid.cells)
    alike = _compressed_correlation(_local_contrast(own, grid)[:, 0], contrast[:, 0])
    return _alignments_with_gain_and_residual((own[:, 0], other[:, 0]), kept, (*best, alike), grid)


def _mean_of_luma_and_colour(correlations: Boxes) -> Boxes:
    """Return means of luma and colour, or luma alone where there is no colour."""
    luma, colour = correlations
    return np.asarray(np.where(np.isnan(colour), luma, (luma + colour) / 2))


def _alignments_with_gain_and_residual(
    images: tuple[Floats, Floats], boxes: Boxes, correlations: tuple[Boxes, ...], grid: Grid
) -> Alignments:
    one, two = (grid.without_border(each).reshape(len(each), -1) for each in images)
    means = one.mean(axis=1), two.mean(axis=1)
    one, two = one - means[0][:, None], two - means[1][:, None]
    gain = (one * two).sum(axis=1) / np.maximum((one * one).sum(axis=1), 1e-3)
    residual = np.sqrt(((two - gain[:, None] * one) ** 2).mean(axis=1))
    luma, colour, alike = (each.astype(np.float32) for each in correlations)
    return Alignments(boxes, luma, colour, alike, residual, gain, means[1] - means[0])


def _sample_windows(images: Floats, boxes: Boxes, cells: int) -> Floats:
    """Resample windows of images (n, c, 96, 96) to cells, linearly, as two matrix products."""
    halves = np.maximum(1.0, boxes[:, 2:] * SIDE / cells)
    down, across = (
        _triangle_weights(boxes[:, at], boxes[:, at + 2], halves[:, at], cells)[:, None]
        for at in (0, 1)
    )
    return np.asarray(down @ images @ np.swapaxes(across, 2, 3), dtype=np.float32)


def _triangle_weights(start: Boxes, length: Boxes, half_width: Boxes, cells: int) -> Floats:
    """Return triangles around the cells' middles, one row each, shape (n, cells, 96)."""
    middles = (start[:, None] + length[:, None] * (np.arange(cells) + 0.5) / cells) * SIDE - 0.5
    middles = np.clip(middles, 0, SIDE - 1).astype(np.float32)
    weights = np.abs(middles[..., None] - np.arange(SIDE, dtype=np.float32))
    weights *= np.float32(-1) / half_width.astype(np.float32)[:, None, None]
    weights += 1
    np.maximum(weights, 0, out=weights)
    weights /= weights.sum(axis=2, keepdims=True)
    return np.asarray(weights, dtype=np.float32)


def _local_contrast(images: Floats, grid: Grid) -> Floats:
    """Return what is fine in images (n, c, cells, cells), without the borders' cells."""
    kernel = np.array([1, 2, 1], dtype=np.float32) / 4
    smooth = images
    for axis in (2, 3):
        smooth = correlate1d(smooth, kernel, axis=axis)
    broad = smooth
    for axis in (2, 3):
        broad = uniform_filter1d(broad, grid.local, axis=axis)
    return grid.without_border(np.asarray(smooth - broad, dtype=np.float32))


def _luma_and_colour_correlations(one: Floats, two: Floats) -> Boxes:
    """Correlate luma and colour (n, 2, rows, columns); NaN where one has hardly any colour."""
    products = [np.einsum("ncij,ncij->cn", *each) for each in ((one, two), (one, one), (two, two))]
    together, own, other = (each.astype(np.float64) for each in products)
    size = one[0, 0].size
    floor = (size * 0.05**2) ** 2  # no correlation of images without contrast
    found = together / np.sqrt(own * other + floor)
    found[1, np.minimum(own[1], other[1]) < size * _COLOURFUL**2] = np.nan
    return np.asarray(found)


def _compressed_correlation(one: Floats, two: Floats) -> Boxes:
    """Correlate images (n, rows, columns) whose cells are compressed to at most 1 in size.

    A cell of twice the median size plus 0.3 levels becomes 0.71.
    """
    flat = []
    for images in (one, two):
        cells = images.reshape(len(images), -1).astype(np.float64)
        scale = 2 * np.median(np.abs(cells), axis=1, keepdims=True) + 0.3
        flat.append(cells / np.hypot(cells, scale))
    products = [np.einsum("ni,ni->n", *pair) for pair in itertools.product(flat, flat)]
    return np.asarray(products[1] / np.sqrt(np.maximum(products[0] * products[3], 1e-12)))


def _refine_windows_once(boxes: Boxes, own: Floats, other: Floats, grid: Grid) -> Boxes:
    """Move and stretch the windows by one step of least squares, in luma and colour together."""
    kernel = np.array([-1, 0, 1], dtype=np.float32) / 2
    down, across = (correlate1d(own, kernel, axis=axis) for axis in (2, 3))
    energy = np.maximum(np.einsum("ncij,ncij->nc", own, own), 1e-3)
    gain = np.clip(np.einsum("ncij,ncij->nc", own, other) / energy, 0.1, 3.0)[..., None, None]
    residual = other - gain * own
    sizes = np.abs(residual).reshape(*own.shape[:2], -1)
    spread = 2 * np.median(sizes, axis=2)[..., None, None] + 0.3
    weight = 1 / (spread**2 + residual**2)
    ramp = ((np.arange(grid.cells) + 0.5) / grid.cells - 0.5)[grid.border : -grid.border]
    ramp = ramp.astype(np.float32)
    slopes = [down, across, down * ramp[:, None], across * ramp]
    basis = (np.stack(slopes, axis=1) * gain[:, None]).reshape(len(own), 4, -1)
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
