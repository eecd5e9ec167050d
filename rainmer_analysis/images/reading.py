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
* The format is told from the content, never from the name.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images.decoding import FloatImage, Header, header_of, pixels_of

__all__ = [
    "IMAGE_SUFFIXES",
    "MIN_SIDE",
    "FloatImage",
    "Header",
    "Region",
    "file_sha256",
    "name_fault",
    "read_header",
    "read_image",
]

_T = TypeVar("_T")
Region = Literal["whole", "left", "right"]

MIN_SIDE = 8

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("bmp", "dib", "gif", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        *("pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp"),
    )
)

_HALVES_RATIO = (1.5, 3.0)  # width over height of a file that holds two images side by side


def read_image(path: str | Path, *, region: Region = "whole") -> FloatImage:
    """Read one image.

    Parameters
    ----------
    path
        The file.
    region
        ``whole``, or the ``left`` or ``right`` half of a file that holds two images side by side;
        such a file must have an even width of 1.5 to 3 times its height.

    Returns
    -------
    Contiguous float32 array of shape (3, H, W): RGB in [0, 1].

    Raises
    ------
    ImageError
        The file cannot be used; the text is a short reason without the path.
    """
    with _opened(path) as file:
        pixels = _guarded(file, pixels_of)
    left, right = _columns(region, *pixels.shape[:0:-1])
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
    with _opened(path) as file:
        header = _guarded(file, header_of)
    left, right = _columns(region, header.width, header.height)
    return replace(header, width=right - left)


def file_sha256(path: str | Path) -> str:
    """Give the SHA-256 (hexadecimal) of a file's bytes.

    Raises
    ------
    ImageError
        The file cannot be opened.
    """
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_fault(*names: object) -> str:
    """Give the reason why no table can hold these names, or an empty text."""
    try:
        for name in names:
            str(name).encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not valid UTF-8, so that no table can hold it; rename it"
    return ""


def _columns(region: str, width: int, height: int) -> tuple[int, int]:
    if region == "whole":
        return _large_enough(0, width, height)
    if region not in ("left", "right"):
        raise ParameterError(f"unknown region {region!r}; allowed are whole, left, right")
    low, high = _HALVES_RATIO
    if width % 2 or not low * height <= width <= high * height:
        raise ImageError(
            "not two images side by side: that needs an even width of "
            f"{low:g} to {high:g} times the height, but the image is {width}x{height} pixels"
        )
    middle = width // 2
    return _large_enough(*((0, middle) if region == "left" else (middle, width)), height)


def _large_enough(left: int, right: int, height: int) -> tuple[int, int]:
    if min(height, right - left) < MIN_SIDE:
        raise ImageError(
            f"a side under {MIN_SIDE} pixels: the image is {right - left}x{height} pixels"
        )
    return left, right


def _opened(path: str | Path) -> BufferedReader:
    place = Path(path)
    try:
        mode = place.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise ImageError("not a regular file")
        return place.open("rb")
    except FileNotFoundError:
        raise ImageError(
            "a link to a file that does not exist" if place.is_symlink() else "no such file"
        ) from None
    except OSError as error:
        raise ImageError(f"cannot be opened: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the name
        raise ImageError(f"cannot be opened: {error}") from error


def _guarded(file: BufferedReader, work: Callable[[BufferedReader], _T]) -> _T:
    try:
        return work(file)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError("needs more memory than there is") from error
    except Exception as error:  # decoders fed with damaged data raise nearly anything
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise ImageError(f"truncated or damaged: {reason}") from error
