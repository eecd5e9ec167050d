"""How a file stores its image: format, mode and, for JPEG, quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.decoding.decoding_errors import convert_decoding_errors
from rainmer_analysis.images.decoding.pillow import open_pillow
from rainmer_analysis.images.decoding.tiff import count_pages, needs_tifffile

__all__ = ["StoredFormat", "jpeg_quality", "stored_format_of"]

# The luma table of ITU-T T.81, Annex K, which libjpeg scales by quality.
# fmt: off
_LUMA = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57,
        69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64,
        81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
)
# fmt: on


@dataclass(frozen=True, slots=True)
class StoredFormat:
    """Format and mode of a file as Pillow calls them; quality is None where there is none.

    `frames` are those of an animation, or pages, of which the first is the image.
    """

    format: str
    mode: str
    quality: int | None = None
    frames: int = 1


def stored_format_of(file: BinaryIO) -> StoredFormat:
    """Read how an open file stores its image, without decoding pixels.

    Raises
    ------
    ImageError
        It is no image that is read.
    """
    if needs_tifffile(file):
        return StoredFormat("TIFF", "", frames=count_pages(file))
    image = open_pillow(file)
    tables = getattr(image, "quantization", None)
    quality = jpeg_quality(tables) if image.format == "JPEG" and tables else None
    return StoredFormat(image.format or "", image.mode, quality, _count_frames(image))


def _count_frames(image: Image.Image) -> int:
    """Count frames or pages, as far as they can be read."""
    try:
        with convert_decoding_errors():
            return int(getattr(image, "n_frames", 1))
    except ImageError:
        return 1


def jpeg_quality(tables: Mapping[int, Sequence[int]]) -> int:
    """Return the quality (1 to 100) at which libjpeg's luma table is nearest to a file's.

    Files of libjpeg and of programs that use it have exactly one of these tables; cameras and some
    editors have tables of their own, for which the nearest one says how coarse they are.

    Parameters
    ----------
    tables
        Quantisation tables by number; the first one is that of luma.
    """
    own = np.sort(np.asarray(tables[min(tables)], dtype=np.float64))
    return 1 + int(np.abs(own - _sorted_luma_tables_by_quality()).sum(axis=1).argmin())


@cache
def _sorted_luma_tables_by_quality() -> NDArray[np.int64]:
    """Return libjpeg's tables for qualities 1 to 100, each sorted, shape (100, 64)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    scaled: NDArray[np.int64] = np.clip((_LUMA * scale[:, None] + 50) // 100, 1, 255)
    return np.sort(scaled, axis=1)
