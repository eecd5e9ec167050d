"""TIFF: which files Pillow reads rightly, and how tifffile reads the others."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import Image, ImageFile, TiffImagePlugin

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.decoding.decoding_errors import DamageError, convert_decoding_errors
from rainmer_analysis.images.decoding.pixel_arrays import (
    FloatImage,
    refuse_too_many_pixels,
    to_float_rgb,
    turn_upright,
)

__all__ = [
    "TIFF_MAGIC",
    "QuietTiffFile",
    "count_pages",
    "decode_with_tifffile",
    "needs_tifffile",
    "tiff_size_and_orientation",
]

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_BITS, _COMPRESSION, _PHOTOMETRIC = 258, 259, 262  # numbers of tags
_ORIENTATION, _PLANAR, _SAMPLE_FORMAT = 274, 284, 339
_DNG_VERSION, _COLOUR_FILTER_ARRAY, _LINEAR_RAW = 50706, 32803, 34892
_OPTIONAL = {34925: "LZMA", 50000: "ZSTD", 50001: "WebP"}  # libtiff may be built without these


class QuietTiffFile(TiffImagePlugin.TiffImageFile):
    """A TIFF whose size was judged when it was opened.

    Pillow would warn of a large one again before decoding, and warnings belong to all threads.
    """

    def load_prepare(self) -> None:
        """Make room for the pixels."""
        size = getattr(self, "_tile_size", None)  # older versions do not warn
        if size is not None and self._im is None:
            self.im = Image.core.new(self.mode, size)  # type: ignore[attr-defined]
        ImageFile.ImageFile.load_prepare(self)

    def load(self) -> Any:
        """Decode; where that fails, name a compression that is not always built in."""
        try:
            return super().load()
        except OSError as error:
            name = _OPTIONAL.get(int(self.tag_v2.get(_COMPRESSION, 1)))
            if name is None:
                raise
            raise DamageError(
                f"compressed by {name}, which this Pillow was built without, or damaged"
            ) from error


def needs_tifffile(file: BinaryIO) -> bool:
    """Return whether this is a TIFF that Pillow refuses or reads wrongly (planar or white-is-zero).

    Raises
    ------
    ImageError
        It is the raw data of a camera, of which Pillow would show the small preview.
    """
    prefix = file.read(12)
    file.seek(0)
    if not prefix.startswith(TIFF_MAGIC):
        return False
    try:
        with convert_decoding_errors():
            try:
                tags = QuietTiffFile(file).tag_v2
            except SyntaxError:  # "unknown pixel mode"
                return True
    finally:
        file.seek(0)
    raw = (_COLOUR_FILTER_ARRAY, _LINEAR_RAW)
    if prefix[8:10] == b"CR" or _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in raw:
        raise ImageError(
            "not an image that is read: a picture in the format camera RAW; convert it to PNG"
        )
    bits, samples = tags.get(_BITS, (1,)), tags.get(_SAMPLE_FORMAT, (1,))
    if max(bits) <= 8:
        return False
    grey_of_wide_integers = max(bits) > 16 and samples[0] != 3
    return (
        tags.get(_PHOTOMETRIC) == 0
        or tags.get(_PLANAR) == 2
        or samples[0] == 2
        or grey_of_wide_integers
    )


def tiff_size_and_orientation(file: BinaryIO) -> tuple[int, int, int]:
    """Read width, height and orientation of the first page by tifffile."""
    with convert_decoding_errors(), tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        return page.imagewidth, page.imagelength, page.tags.valueof(_ORIENTATION, 1)


def count_pages(file: BinaryIO) -> int:
    """Count the pages of a TIFF by tifffile."""
    with convert_decoding_errors(), tifffile.TiffFile(file) as tiff:
        return len(tiff.pages)


def decode_with_tifffile(file: BinaryIO) -> FloatImage:
    """Decode the first page by tifffile to upright float32 RGB of shape (3, H, W) in [0, 1].

    Raises
    ------
    ImageError
        Its colours or the range of its samples are not known, or it is damaged.
    """
    with convert_decoding_errors(), tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        refuse_too_many_pixels(page.imagewidth, page.imagelength)
        photometric, orientation = page.photometric, page.tags.valueof(_ORIENTATION, 1)
        array = page.asarray() if photometric in (0, 1, 2) else None
        planar = page.planarconfig == 2
    if array is None:
        raise ImageError(f"a TIFF of an unknown colour model ({photometric!r})")
    if array.dtype.kind not in "uf" or (array.dtype.kind == "u" and array.dtype.itemsize > 2):
        raise ImageError(f"samples of type {array.dtype}, whose range is not known")
    if array.ndim not in (2, 3):
        raise ImageError(f"a TIFF whose first page has {array.ndim} dimensions, not 2 or 3")
    maximum = None if array.dtype.kind == "f" else int(np.iinfo(array.dtype).max)
    stacked = planar and array.ndim == 3
    scaled = to_float_rgb(array.transpose(1, 2, 0) if stacked else array, maximum=maximum)
    scaled = 1 - scaled if photometric == 0 else scaled
    return turn_upright(scaled, orientation if orientation in range(1, 9) else 1)
