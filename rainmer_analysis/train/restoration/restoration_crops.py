"""Crops to restore, at native scale, and the whole images that prompt their restoration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.train.contrast.batch_randomness import Square
from rainmer_analysis.train.data import Levels, Pool, tensor_copy, to_8bit, to_unit_range

__all__ = ["Crop", "Pairs", "cut_crops", "image_sheet"]

_GAP = 2


@dataclass(frozen=True)
class Pairs:
    """What is restored.

    Parameters
    ----------
    degraded, clean
        Crops at native scale, [B, 3, c, c] in [0, 1].
    whole
        The whole degraded images under the resize rule, [B, 3, 128, 128].
    """

    degraded: Tensor
    clean: Tensor
    whole: Tensor

    @classmethod
    def from_8bit_parts(cls, parts: Mapping[str, Tensor]) -> Pairs:
        """Scale what `cut_crops` has read, where it lies."""
        return cls(*(to_unit_range(parts[name]) for name in ("degraded", "clean", "whole")))


@dataclass(frozen=True)
class Crop:
    """A square, and the axis along which it is mirrored, if any."""

    square: Square
    axis: int | None

    @classmethod
    def draw(cls, size: Sequence[int], side: int, rng: np.random.Generator) -> Crop:
        """Draw a place, and a mirror as published: none 1/2, upside down 1/4, left-right 1/4."""
        square = Square.draw(size, side, rng)
        return cls(square, (None, None, -2, -1)[int(rng.integers(4))])

    def __call__(self, images: Levels) -> Levels:
        """Cut from images [..., H, W], and mirror."""
        out = self.square(images)
        return out if self.axis is None else np.flip(out, self.axis)


def cut_crops(pool: Pool, rows: NDArray[np.int64], drawn: Sequence[Crop]) -> dict[str, Tensor]:
    """Cut crops from the native-scale windows of some rows of a pool, with the whole images.

    Returns
    -------
    8-bit levels by the names of `Pairs`.
    """
    degraded, clean = (
        torch.stack([tensor_copy(crop(of[row])) for row, crop in zip(rows, drawn, strict=True)])
        for of in (pool.degraded_native, pool.clean_native)
    )
    return {"degraded": degraded, "clean": clean, "whole": tensor_copy(pool.degraded[rows])}


def image_sheet(columns: Sequence[Tensor]) -> Levels:
    """Lay images out: a row for each of B, a column for each of `columns`, [B, 3, h, w] each.

    Returns
    -------
    uint8 [3, H, W], white between the images.
    """
    count, _, height, width = columns[0].shape
    size = (count * (height + _GAP) - _GAP, len(columns) * (width + _GAP) - _GAP)
    out = np.full((3, *size), 255, np.uint8)
    for across, images in enumerate(columns):
        for down, image in enumerate(images.detach().float().cpu().numpy()):
            top, left = down * (height + _GAP), across * (width + _GAP)
            out[:, top : top + height, left : left + width] = to_8bit(image)
    return out
