"""Large images in tiles of bounded size, blended where they overlap.

Along each side lie equal tiles, as few as will do and as short as will do, at multiples of the
network's step. Each tile fades out towards its inner edges along the overlap by a raised cosine;
all fades are divided by their sum, so that the weights of the tiles over a pixel add up to 1
and nothing has to be divided afterwards. Weights of a tile are the product of those of its sides.

Sides that are no multiple of the step are continued at their far end by reflection, or by the
last pixel where they are too short to be reflected; pixels are picked tile by tile, and no padded
copy of the image is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = [
    "OVERLAP",
    "TILE",
    "Span",
    "Tiling",
    "process_in_strips",
    "process_in_tiles",
    "tile_spans",
]

TILE = 512
OVERLAP = 64

Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tiling:
    """How large images are cut.

    Parameters
    ----------
    tile
        Longest side of a tile in pixels; images with no longer side stay whole.
    overlap
        Pixels that neighbouring tiles share at least; up to half a tile. By default 64, or half of
        a tile that is smaller than 128. Without overlap tiles meet in seams; what still overlaps is
        averaged.
    step
        Number that divides the sides of a tile, its place, `tile` and `overlap`.

    Raises
    ------
    ParameterError
        A number is out of range.
    """

    tile: int = TILE
    overlap: int | None = None
    step: int = 8

    def __post_init__(self) -> None:
        if self.tile < 2 * self.step or self.tile % self.step:
            raise ParameterError(
                f"tiles of {self.tile} pixels were asked for; "
                f"give a multiple of {self.step} from {2 * self.step} up"
            )
        if self.overlap is None:
            half = self.tile // 2 // self.step * self.step
            object.__setattr__(self, "overlap", min(OVERLAP, half))
        if not 0 <= 2 * self.least_overlap <= self.tile or self.least_overlap % self.step:
            raise ParameterError(
                f"an overlap of {self.overlap} pixels was asked for; give a multiple of "
                f"{self.step} from 0 to half a tile, {self.tile // 2}"
            )

    @property
    def least_overlap(self) -> int:
        """Pixels that neighbouring tiles share at least."""
        assert self.overlap is not None
        return self.overlap


@dataclass(frozen=True, eq=False)
class Span:
    """Where a tile lies along one side.

    Parameters
    ----------
    inside
        Its pixels inside the image.
    source
        The image's pixel for each of its own; longer than `inside` where the image is continued.
    weights
        float32, one for each pixel of `inside`.
    """

    inside: slice
    source: npt.NDArray[np.intp]
    weights: Images


def tile_spans(side: int, tiling: Tiling) -> tuple[Span, ...]:
    """Cut a side of so many pixels; the weights over each pixel add up to 1."""
    step, overlap = tiling.step, tiling.least_overlap
    padded = -(-side // step) * step
    count = 1
    if padded > tiling.tile:
        count = -(-(padded - overlap) // (tiling.tile - overlap))
    length = -(-(padded + (count - 1) * overlap) // (count * step)) * step
    free = padded - length
    starts = [free * index // max(count - 1, 1) // step * step for index in range(count)]
    fades = [_raised_cosine_fade(start, length, padded, ramp=overlap) for start in starts]
    total = np.zeros(padded)
    for start, fade in zip(starts, fades, strict=True):
        total[start : start + length] += fade
    source = _padding_source_indices(side, padded)
    found = []
    for start, fade in zip(starts, fades, strict=True):
        place = slice(start, start + length)
        weights = (fade / total[place])[: side - start].astype(np.float32)
        found.append(Span(slice(start, min(start + length, side)), source[place], weights))
    return tuple(found)


def process_in_tiles(images: Images, work: Callable[[Images], Images], *, tiling: Tiling) -> Images:
    """Apply `work` to images tile by tile.

    Parameters
    ----------
    images
        float32 [n, 3, H, W].
    work
        Takes [n, 3, h, w] with h and w multiples of the step and at most a tile, and gives the
        same shape back.
    tiling
        How to cut.

    Returns
    -------
    float32 [n, 3, H, W].
    """
    out = np.empty_like(images)
    for rows, strip in process_in_strips(images, work, tiling=tiling):
        out[:, :, rows] = strip
    return out


def process_in_strips(
    images: Images, work: Callable[[Images], Images], *, tiling: Tiling
) -> Iterator[tuple[slice, Images]]:
    """Apply `work` to images tile by tile, and give each strip of rows as soon as it is finished.

    Parameters
    ----------
    images, work, tiling
        As for `process_in_tiles`.

    Yields
    ------
    Which rows they are, and their pixels, float32 [n, 3, rows, W]. Never more than the rows of a
    tile are held here, however high the images are.
    """
    height, width = images.shape[2:]
    rows, columns = tile_spans(height, tiling), tile_spans(width, tiling)
    carried = images[:, :, :0]
    for number, row in enumerate(rows):
        start = row.inside.start
        end = rows[number + 1].inside.start if number + 1 < len(rows) else height
        count = max(len(row.weights), carried.shape[2])
        strip = np.zeros((*images.shape[:2], count, width), np.float32)
        strip[:, :, : carried.shape[2]] = carried
        for column in columns:
            taken = images[:, :, row.source[:, None], column.source]
            done = work(np.ascontiguousarray(taken))
            done = done[:, :, : len(row.weights), : len(column.weights)]
            weights = row.weights[:, None] * column.weights
            strip[:, :, : len(row.weights), column.inside] += done * weights
        yield slice(start, end), strip[:, :, : end - start]
        carried = strip[:, :, end - start :]


def _raised_cosine_fade(
    start: int, length: int, padded: int, *, ramp: int
) -> npt.NDArray[np.float64]:
    """Return 1, falling to 0 towards the edges that lie inside the image."""
    fade = np.ones(length)
    rise = np.sin(np.pi / 2 * (np.arange(ramp) + 0.5) / max(ramp, 1)) ** 2
    if start > 0:
        fade[:ramp] = rise
    if start + length < padded:
        fade[length - ramp :] = rise[::-1]
    return fade


def _padding_source_indices(length: int, padded: int) -> npt.NDArray[np.intp]:
    places = np.arange(padded)
    if padded - length < length:
        return np.where(places < length, places, 2 * (length - 1) - places)
    return np.minimum(places, length - 1)
