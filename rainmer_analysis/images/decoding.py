"""What the formats hold, turned into upright float32 RGB; damage may raise anything here."""

from __future__ import annotations

import logging
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader

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

from rainmer_analysis.errors import ImageError

__all__ = ["MAX_PIXELS", "FloatImage", "Header", "header_of", "pixels_of"]

FloatImage = npt.NDArray[np.float32]

MAX_PIXELS = 178_956_970  # where Pillow refuses by default


class _Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF whose size was judged when it was opened.

    Pillow would warn of a large one again before decoding, and warnings belong to all threads.
    """

    def load_prepare(self) -> None:
        size = getattr(self, "_tile_size", None)  # older versions do not warn
        if size is not None and self._im is None:
            self.im = Image.core.new(self.mode, size)  # type: ignore[attr-defined]
        ImageFile.ImageFile.load_prepare(self)


_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_READERS: tuple[tuple[tuple[bytes, ...], Callable[..., ImageFile.ImageFile]], ...] = (
    ((b"\x89PNG\r\n\x1a\n",), PngImagePlugin.PngImageFile),
    ((b"\xff\xd8\xff",), JpegImagePlugin.JpegImageFile),
    (_TIFF_MAGIC, _Tiff),
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


def header_of(file: BufferedReader) -> Header:
    """Read size and format from an open file's header."""
    if _needs_tifffile(file):
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages.first
            size, turn = (page.imagewidth, page.imagelength), page.tags.valueof(274, 1)
        _check_size(*size)
        return Header(*(size[::-1] if turn in (5, 6, 7, 8) else size), "TIFF")
    image = _open_pillow(file)
    size = image.size
    if image.format == "PNG":  # Pillow would decode the pixels on its way to the EXIF
        turn = _png_orientation(file)
    else:
        turn = 1 if image.format == "TIFF" else _orientation_of(image)
    return Header(*(size[::-1] if turn >= 5 else size), image.format or "")


def _png_orientation(file: BufferedReader) -> int:
    exif = Image.Exif()
    place = 8  # behind the signature
    while len(chunk := (file.seek(place), file.read(8))[1]) == 8:
        length, kind = struct.unpack(">I4s", chunk)
        if kind == b"eXIf":
            exif.load(file.read(length))
            break
        place += length + 12
    return _orientation(exif)


def pixels_of(file: BufferedReader) -> FloatImage:
    """Decode an open file to upright float32 RGB of shape (3, H, W) in [0, 1]."""
    if _needs_tifffile(file):
        return _decode_tifffile(file)
    image = _open_pillow(file)
    low = _LOW_BYTES.get(_raw_mode(image))
    samples = _samples(image)
    turn = 1 if image.format == "TIFF" else _orientation_of(image)  # Pillow turns TIFF itself
    if low is None:
        return _upright(samples, turn)
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
    return _upright(wide, turn)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _orientation_of(image: Image.Image) -> int:
    try:
        return _orientation(image.getexif())
    except Exception as error:  # damaged EXIF does not spoil the pixels
        _log.debug("EXIF cannot be read: %s", error)
        return 1


def _orientation(exif: Image.Exif) -> int:
    value = exif.get(0x0112, 1)
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
        tags = _Tiff(file).tag_v2
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
