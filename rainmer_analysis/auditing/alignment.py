"""Whether two thumbnails show one scene: one is laid onto a window of the other and compared.

Candidates come from descriptors, which know where about a window lies. Here the window is refined
(shift and size in both directions, by the least squares of `registration`, on 56x56 cells), and the
fine contrast of both is correlated, in luma and in colour: near 1 for copies, lower under different
weather, near 0 for different scenes however alike their layout is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d, uniform_filter1d

from rainmer_analysis.auditing.thumbnails import SIDE, Thumbnails

__all__ = ["Alignments", "align"]

_CELLS = 56
_ROUNDS = 5
_LOCAL = 13  # cells over which a mean is taken off
_BORDER = 3
_COLOURFUL = 1.0  # levels of local contrast in colour under which it says nothing
_MOST = 0.06  # of the window by which one round may move it

Floats = npt.NDArray[np.float32]
Boxes = npt.NDArray[np.float64]


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
    first: Thumbnails,
    second: Thumbnails,
    boxes: npt.ArrayLike,
    *,
    rounds: int = _ROUNDS,
) -> Alignments:
    """Lay each second thumbnail onto a window of the first one.

    Parameters
    ----------
    first, second
        Shape (n, 2, 96, 96).
    boxes
        Where the windows lie about, shape (n, 4).
    rounds
        Steps of refinement.
    """
    places = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    whole = np.broadcast_to([0.0, 0.0, 1.0, 1.0], places.shape)
    other = _sampled(second[:, 0].astype(np.float32), whole)
    contrast = _local_contrast(other)
    source = first[:, 0].astype(np.float32)
    best = np.full(len(places), -np.inf)
    kept = places.copy()
    for round_ in range(rounds + 1):
        own = _sampled(source, places)
        slopes, fine = _slopes(own), _local_contrast(own)
        correlation = _correlation(fine, contrast)
        better = correlation > best
        best, kept = np.where(better, correlation, best), np.where(better[:, None], places, kept)
        if round_ < rounds:
            places = _stepped(places, fine, contrast, slopes)
    colours = [
        _local_contrast(_sampled(each[:, 1].astype(np.float32), at))
        for each, at in ((first, kept), (second, whole))
    ]
    contrasts = np.min([each.std(axis=(1, 2)) for each in colours], axis=0)
    colour = np.where(contrasts < _COLOURFUL, np.nan, _correlation(colours[0], colours[1]))
    return _compared((_sampled(source, kept), other), kept, best, colour)


def _compared(
    images: tuple[Floats, Floats], boxes: Boxes, correlation: Boxes, colour: Boxes
) -> Alignments:
    inner = np.s_[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    one, two = (each[inner].reshape(len(each), -1) for each in images)
    means = one.mean(axis=1), two.mean(axis=1)
    one, two = one - means[0][:, None], two - means[1][:, None]
    gain = (one * two).sum(axis=1) / np.maximum((one * one).sum(axis=1), 1e-3)
    residual = np.sqrt(((two - gain[:, None] * one) ** 2).mean(axis=1))
    luma, tint = (each.astype(np.float32) for each in (correlation, colour))
    return Alignments(boxes, luma, tint, residual, gain, means[1] - means[0])


def _sampled(images: Floats, boxes: Boxes) -> Floats:
    """Resample windows to 56x56 cells, linearly in both directions, as two matrix products."""
    down, across = (_taps(boxes[:, axis], boxes[:, axis + 2]) for axis in (0, 1))
    return np.asarray(down @ images @ np.swapaxes(across, 1, 2), dtype=np.float32)


def _taps(start: Boxes, length: Boxes) -> Floats:
    """Return triangles around the cells' middles, one row each, shape (n, 56, 96)."""
    middles = (start[:, None] + length[:, None] * (np.arange(_CELLS) + 0.5) / _CELLS) * SIDE - 0.5
    half = np.maximum(1.0, length * SIDE / _CELLS)[:, None, None]
    distance = np.abs(np.clip(middles, 0, SIDE - 1)[..., None] - np.arange(SIDE))
    weights = np.maximum(0.0, 1.0 - distance / half)
    return np.asarray(weights / weights.sum(axis=2, keepdims=True), dtype=np.float32)


def _local_contrast(images: Floats) -> Floats:
    kernel = np.array([1, 2, 1], dtype=np.float32) / 4
    smooth = images
    for axis in (1, 2):
        smooth = correlate1d(smooth, kernel, axis=axis)
    broad = smooth
    for axis in (1, 2):
        broad = uniform_filter1d(broad, _LOCAL, axis=axis)
    return np.asarray(smooth - broad, dtype=np.float32)


def _slopes(images: Floats) -> tuple[Floats, Floats]:
    fine = _local_contrast(images)
    kernel = np.array([-1, 0, 1], dtype=np.float32) / 2
    down, across = (correlate1d(fine, kernel, axis=axis) for axis in (1, 2))
    return np.asarray(down, np.float32), np.asarray(across, np.float32)


def _correlation(one: Floats, two: Floats) -> Boxes:
    inner = np.s_[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    one, two = one[inner].astype(np.float64), two[inner].astype(np.float64)
    energy = (one * one).sum(axis=(1, 2)) * (two * two).sum(axis=(1, 2))
    floor = (one[0].size * 0.05**2) ** 2  # no correlation of images without contrast
    return np.asarray((one * two).sum(axis=(1, 2)) / np.sqrt(energy + floor))


def _stepped(boxes: Boxes, own: Floats, other: Floats, slopes: tuple[Floats, Floats]) -> Boxes:
    """Move and stretch the windows by one step of least squares."""
    inner = np.s_[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    own, other = own[inner], other[inner]
    down, across = (each[inner] for each in slopes)
    energy = np.maximum((own * own).sum(axis=(1, 2)), 1e-3)
    gain = np.clip((own * other).sum(axis=(1, 2)) / energy, 0.1, 3.0)[:, None, None]
    residual = other - gain * own
    spread = 2 * np.median(np.abs(residual).reshape(len(own), -1), axis=1)[:, None, None] + 0.1
    weight = 1 / (1 + (residual / spread) ** 2)
    ramp = ((np.arange(_CELLS) + 0.5) / _CELLS - 0.5)[_BORDER:-_BORDER].astype(np.float32)
    basis = (
        np.stack([down, across, down * ramp[:, None], across * ramp[None]], axis=1) * gain[:, None]
    )
    basis = basis.reshape(len(own), 4, -1)
    weighted = basis * weight.reshape(len(own), 1, -1)
    matrix = weighted @ np.swapaxes(basis, 1, 2)
    vector = weighted @ residual.reshape(len(own), -1, 1)
    trace = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
    step = np.linalg.solve(matrix + (1e-3 * trace + 1e-6) * np.eye(4), vector)[..., 0] / _CELLS
    step = np.clip(step, -_MOST, _MOST).astype(np.float64)
    lengths = boxes[:, 2:]
    middles = boxes[:, :2] + lengths / 2 + step[:, :2] * lengths
    # the whole image, or nearly, stays inside itself; a window may not leave the image by much
    lengths = np.clip(lengths * (1 + step[:, 2:]), 0.3, 1.06)
    starts = np.clip(middles - lengths / 2, -0.04, 1.04 - lengths)
    return np.concatenate([starts, lengths], axis=1)
