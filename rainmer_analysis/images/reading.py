"""One image file in, one float32 array out, or a short reason why not.

How files are understood (the same in every process and thread; Pillow's settings are not touched):

* 8 bits a sample become ``value / 255``; 16 bits ``value / 65535`` in PNG and TIFF (all 16 are
  kept; colour images of other formats arrive at 8 bits), 12-bit TIFF ``value / 4095``; float
  samples must lie in [0, 1] already; 32-bit and signed integers have no known range and are left
  out.
* Grey is repeated over the three channels, palettes are looked up, CMYK and YCbCr are converted
  without colour profile, as ``PIL.Image.convert("RGB")`` does. ICC profiles are ignored.
* An alpha channel is dropped, not blended with any background: every stored colour survives, and
  the result is that of ``convert("RGB")``.
* EXIF orientation is applied. Of an animated or multi-page file the first frame counts.
* The format is recognised by the content, never from the name, but for TGA, which has no signature.
* Profiles and texts of PNG, however long or damaged, do not matter to pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

import numpy as np

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images.decoding import (
    IMAGE_SUFFIXES,
    FloatImage,
    Header,
    StoredFormat,
    header_of,
    pixels_of,
    stored_format_of,
)
from rainmer_analysis.images.open_image_files import demand_unchanged, open_image_file, sha256_of

__all__ = [
    "IMAGE_SUFFIXES",
    "MIN_SIDE",
    "FloatImage",
    "HashedImage",
    "Header",
    "Region",
    "StoredFormat",
    "file_sha256",
    "read_hashed_image",
    "read_header",
    "read_image",
    "read_stored_format",
    "unstorable_name_reason",
]

_T = TypeVar("_T")
Region = Literal["whole", "left", "right"]

MIN_SIDE = 8

_WIDEST_HALVES = 5.0  # width over height of two images side by side; they are wider than high


@dataclass(frozen=True, eq=False)
class HashedImage:
    """What a file held when it was read.

    Parameters
    ----------
    sha256
        Of its bytes; empty where they cannot be read.
    pixels
        Contiguous float32 array of shape (3, H, W), or None.
    reason
        Why there are no pixels; empty where there are.
    """

    sha256: str
    pixels: FloatImage | None
    reason: str


def read_image(path: str | Path, *, region: Region = "whole") -> FloatImage:
    """Read one image.

    Parameters
    ----------
    path
        The file.
    region
        ``whole``, or the ``left`` or ``right`` half of a file that holds two images side by side;
        such a file must have an even width above its height and up to five times of it, which
        takes in portraits and panoramas.

    Returns
    -------
    Contiguous float32 array of shape (3, H, W): RGB in [0, 1].

    Raises
    ------
    ImageError
        The file cannot be used; the text is a short reason without the path.
    """
    with open_image_file(path) as file:
        return _decode_region(file, region)


def read_hashed_image(path: str | Path, *, region: Region = "whole") -> HashedImage:
    """Read one image and the SHA-256 of the very bytes that are decoded.

    The file is opened once. Up to 64 MiB are held in memory, so that whoever writes to the file
    meanwhile changes nothing; of a larger one it is seen by its size and times.

    Parameters
    ----------
    path, region
        As for `read_image`.

    Returns
    -------
    The image, or the reason why there is none. The SHA-256 is empty where the bytes cannot be read.
    """
    sha256 = ""
    try:
        with open_image_file(path) as file:
            sha256 = sha256_of(file)
            file.seek(0)
            pixels = _decode_region(file, region)
            demand_unchanged(file)
    except ImageError as error:
        return HashedImage(sha256, None, str(error))
    return HashedImage(sha256, pixels, "")


def _decode_region(file: BinaryIO, region: Region) -> FloatImage:
    pixels = _catch_memory_error(file, pixels_of)
    left, right = _region_columns(region, *pixels.shape[:0:-1])
    return np.ascontiguousarray(pixels[:, :, left:right])


def read_header(path: str | Path, *, region: Region = "whole") -> Header:
    """Read an image's size without decoding its pixels.

    Parameters
    ----------
    path, region
        As for `read_image`; the size is that of the region.

    Raises
    ------
    ImageError
        As far as the header tells: the file is no image, damaged, too small or too large.
    """
    with open_image_file(path, buffer_small=False) as file:
        header = _catch_memory_error(file, header_of)
    left, right = _region_columns(region, header.width, header.height)
    return replace(header, width=right - left)


def read_stored_format(path: str | Path) -> StoredFormat:
    """Read how a file stores its image: format, mode, frames and, for JPEG, quality.

    Raises
    ------
    ImageError
        As far as the header tells, the file is no image.
    """
    with open_image_file(path, buffer_small=False) as file:
        return _catch_memory_error(file, stored_format_of)


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 (hexadecimal) of a file's bytes.

    Raises
    ------
    ImageError
        The file cannot be opened or read.
    """
    with open_image_file(path, buffer_small=False) as file:
        return sha256_of(file)


def unstorable_name_reason(*names: object) -> str:
    """Return the reason why no table can hold these names, or an empty text."""
    try:
        for name in names:
            str(name).encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not valid UTF-8, so that no table can hold it; rename it"
    return ""


def _region_columns(region: str, width: int, height: int) -> tuple[int, int]:
    """Return the first column of a region, and the one behind its last."""
    if region not in ("whole", "left", "right"):
        raise ParameterError(f"unknown region {region!r}; allowed are whole, left, right")
    if region != "whole" and (width % 2 or not height < width <= _WIDEST_HALVES * height):
        raise ImageError(
            "not two images side by side: that needs an even width above the height and up to "
            f"{_WIDEST_HALVES:g} times of it, but the image is {width}x{height} pixels"
        )
    middle = width // 2
    left, right = {"whole": (0, width), "left": (0, middle), "right": (middle, width)}[region]
    if min(height, right - left) < MIN_SIDE:
        raise ImageError(
            f"a side under {MIN_SIDE} pixels: the image is {right - left}x{height} pixels"
        )
    return left, right


def _catch_memory_error(file: BinaryIO, work: Callable[[BinaryIO], _T]) -> _T:
    try:
        return work(file)
    except MemoryError as error:
        raise ImageError("needs more memory than there is") from error
