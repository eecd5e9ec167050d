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
import logging
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.values import write_atomically

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "MIN_SIDE",
    "FloatImage",
    "Header",
    "Region",
    "file_sha256",
    "read_header",
    "read_image",
    "write_png",
]

FloatImage = npt.NDArray[np.float32]
_T = TypeVar("_T")
Region = Literal["whole", "left", "right"]

MIN_SIDE = 8
MAX_PIXELS = 178_956_970  # where Pillow refuses by default

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("bmp", "dib", "gif", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        *("pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp"),
    )
)

_HALVES_RATIO = (1.5, 3.0)  # width over height of a file that holds two images side by side
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_READERS: tuple[tuple[tuple[bytes, ...], Callable[..., ImageFile.ImageFile]], ...] = (
    ((b"\x89PNG\r\n\x1a\n",), PngImagePlugin.PngImageFile),
    ((b"\xff\xd8\xff",), JpegImagePlugin.JpegImageFile),
    (_TIFF_MAGIC, TiffImagePlugin.TiffImageFile),
    ((b"RIFF",), WebPImagePlugin.WebPImageFile),
    ((b"BM",), BmpImagePlugin.BmpImageFile),
    ((b"GIF87a", b"GIF89a"), GifImagePlugin.GifImageFile),
    (tuple(b"P%d" % kind for kind in range(1, 7)), PpmImagePlugin.PpmImageFile),
    ((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"), Jpeg2KImagePlugin.Jpeg2KImageFile),
)

# Pillow keeps the high byte of 16-bit colour. Decoding once more with the byte order swapped gives
# the low byte; grey with alpha is taken apart as four bytes of which the second is grey's low one.
_NATIVE_LOW = "B" if sys.byteorder == "little" else "L"
_LOW_BYTES = {
    "RGB;16B": ("RGB;16L", (0, 1, 2)),
    "RGB;16L": ("RGB;16B", (0, 1, 2)),
    "RGB;16N": (f"RGB;16{_NATIVE_LOW}", (0, 1, 2)),
    "RGBA;16B": ("RGBA;16L", (0, 1, 2)),
    "RGBA;16L": ("RGBA;16B", (0, 1, 2)),
    "RGBA;16N": (f"RGBA;16{_NATIVE_LOW}", (0, 1, 2)),
    "LA;16B": ("RGBA", (1, 1, 1)),
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Header:
    """Size of an upright image in pixels, as its header states it, and its format."""

    width: int
    height: int
    format: str


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
        pixels = _guarded(file, _decode)
    height, width = pixels.shape[1:]
    left, right = _columns(region, width, height)
    if min(height, right - left) < MIN_SIDE:
        raise ImageError(
            f"a side under {MIN_SIDE} pixels: the image is {right - left}x{height} pixels"
        )
    return np.ascontiguousarray(pixels[:, :, left:right])


def read_header(path: str | Path) -> Header:
    """Read an image's size without decoding its pixels.

    Raises
    ------
    ImageError
        The file is no image, or its header is damaged or states too many pixels.
    """
    with _opened(path) as file:
        return _guarded(file, _header)


def file_sha256(path: str | Path) -> str:
    """Give the SHA-256 (hexadecimal) of a file's bytes.

    Raises
    ------
    ImageError
        The file cannot be opened.
    """
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_png(array: npt.ArrayLike, path: str | Path) -> Path:
    """Write float RGB of shape (3, H, W) in [0, 1] as an 8-bit PNG, atomically.

    Each sample becomes 255 times its value, rounded half to even.

    Raises
    ------
    ParameterError
        The array has another shape or a value outside [0, 1] (1e-6 is forgiven).
    """
    pixels = np.asarray(array)
    if pixels.ndim != 3 or pixels.shape[0] != 3 or pixels.size == 0:
        raise ParameterError(f"a PNG is written from shape (3, H, W), but got {pixels.shape}")
    if not (pixels.min() >= -1e-6 and pixels.max() <= 1 + 1e-6):
        raise ParameterError("a PNG is written from values in [0, 1]; clip the image first")
    samples = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
    image = Image.fromarray(np.ascontiguousarray(samples))
    return write_atomically(path, lambda target: image.save(target, format="PNG"))


def _columns(region: str, width: int, height: int) -> tuple[int, int]:
    if region == "whole":
        return 0, width
    if region not in ("left", "right"):
        raise ParameterError(f"unknown region {region!r}; allowed are whole, left, right")
    low, high = _HALVES_RATIO
    if width % 2 or not low * height <= width <= high * height:
        raise ImageError(
            "not two images side by side: that needs an even width of "
            f"{low:g} to {high:g} times the height, but the image is {width}x{height} pixels"
        )
    return (0, width // 2) if region == "left" else (width // 2, width)


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


def _open_pillow(file: BufferedReader) -> ImageFile.ImageFile:
    """Open by content; unlike ``PIL.Image.open`` without its process-wide size warnings."""
    prefix = file.read(16)
    file.seek(0)
    if not prefix:
        raise ImageError("an empty file")
    for magic, reader in _READERS:
        if prefix.startswith(magic):
            image = reader(file)
            _check_size(*image.size)
            return image
    raise ImageError("not an image: its first bytes belong to no format that is read")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"more than {MAX_PIXELS:,} pixels: the header states {width}x{height} pixels"
        )


def _header(file: BufferedReader) -> Header:
    if _needs_tifffile(file):
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages.first
            _check_size(page.imagewidth, page.imagelength)
            return Header(page.imagewidth, page.imagelength, "TIFF")
    image = _open_pillow(file)
    width, height = image.size
    if image.format != "TIFF" and _orientation(image) >= 5:  # Pillow turns TIFF's size itself
        width, height = height, width
    return Header(width, height, image.format or "")


def _decode(file: BufferedReader) -> FloatImage:
    if _needs_tifffile(file):
        return _decode_tifffile(file)
    image = _open_pillow(file)
    turn = _orientation(image)
    low = _LOW_BYTES.get(_raw_mode(image))
    samples = _samples(image)
    if low is None:
        return _upright(samples, 1 if image.format == "TIFF" else turn)
    file.seek(0)
    again = _open_pillow(file)
    raw, channels = low
    again.tile = [
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in again.tile
    ]
    low_bytes = np.asarray(again).transpose(2, 0, 1)[list(channels)]
    high_bytes = np.rint(samples * np.float32(255))
    wide = (high_bytes * np.float32(256) + low_bytes) / np.float32(65535)
    return _upright(wide, 1 if image.format == "TIFF" else turn)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception as error:  # damaged EXIF does not spoil the pixels
        _log.debug("EXIF cannot be read: %s", error)
        return 1
    return value if value in range(1, 9) else 1


def _upright(pixels: FloatImage, orientation: int) -> FloatImage:
    """Turn the stored rows and columns upright; orientations as numbered by EXIF 2.3."""
    if orientation >= 5:
        pixels = pixels.transpose(0, 2, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[:, ::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(pixels)


def _samples(image: ImageFile.ImageFile) -> FloatImage:
    """Decode what Pillow understands, shape (3, H, W), not yet upright."""
    if image.mode == "F":
        return _from_array(np.asarray(image), maximum=None)
    if image.mode.startswith("I"):
        bits = image.tag_v2.get(258, (16,)) if hasattr(image, "tag_v2") else (16,)
        return _from_array(np.asarray(image), maximum=(1 << max(bits)) - 1)
    if image.mode in ("P", "PA"):  # the way round avoids a warning about transparent palettes
        return _from_array(np.asarray(image.convert("RGBA").convert("RGB")), maximum=255)
    if image.mode in ("L", "RGB"):
        return _from_array(np.asarray(image), maximum=255)
    return _from_array(np.asarray(image.convert("RGB")), maximum=255)


def _from_array(array: npt.NDArray[np.generic], *, maximum: int | None) -> FloatImage:
    """Scale samples of shape (H, W) or (H, W, C) to [0, 1], shape (3, H, W)."""
    planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    planes = planes[:3] if len(planes) >= 3 else planes[:1]  # further channels are alpha
    if maximum is None:
        scaled = planes.astype(np.float32)
        if not (scaled.min() >= -1e-3 and scaled.max() <= 1 + 1e-3):
            raise ImageError("float samples outside [0, 1], the only range that has a meaning here")
        scaled = np.clip(scaled, 0, 1)
    else:
        if planes.dtype.itemsize > 2 and (planes.min() < 0 or planes.max() > maximum):
            raise ImageError("integer samples beyond 16 bits, whose range is not known")
        scaled = np.empty(planes.shape, np.float32)
        np.divide(planes, np.float32(maximum), out=scaled, dtype=np.float32, casting="unsafe")
    return scaled if len(scaled) == 3 else np.repeat(scaled, 3, axis=0)


def _needs_tifffile(file: BufferedReader) -> bool:
    """Say whether this is a TIFF that Pillow refuses or reads wrongly (planar or white-is-zero)."""
    prefix = file.read(4)
    file.seek(0)
    if prefix not in _TIFF_MAGIC:
        return False
    try:
        tags = TiffImagePlugin.TiffImageFile(file).tag_v2
    except SyntaxError:  # "unknown pixel mode"
        return True
    finally:
        file.seek(0)
    bits, samples = tags.get(258, (1,)), tags.get(339, (1,))
    if max(bits) <= 8:
        return False
    grey_of_wide_integers = max(bits) > 16 and samples[0] != 3
    return tags.get(262) == 0 or tags.get(284) == 2 or samples[0] == 2 or grey_of_wide_integers


def _decode_tifffile(file: BufferedReader) -> FloatImage:
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        _check_size(page.imagewidth, page.imagelength)
        if page.photometric not in (0, 1, 2):
            raise ImageError(f"a TIFF of an unknown colour model ({page.photometric!r})")
        array = page.asarray()
        planar = page.planarconfig == 2 and array.ndim == 3
        orientation = page.tags.valueof(274, 1)
        white_is_zero = page.photometric == 0
    if array.dtype.kind not in "uf" or (array.dtype.kind == "u" and array.dtype.itemsize > 2):
        raise ImageError(f"samples of type {array.dtype}, whose range is not known")
    maximum = None if array.dtype.kind == "f" else int(np.iinfo(array.dtype).max)
    scaled = _from_array(array.transpose(1, 2, 0) if planar else array, maximum=maximum)
    scaled = 1 - scaled if white_is_zero else scaled
    return _upright(scaled, orientation if orientation in range(1, 9) else 1)
