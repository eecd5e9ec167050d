"""What the formats hold, turned into upright float32 RGB.

Whatever a decoder raises, fed with damaged data, becomes an `ImageError` with the reason; an
exception of this file's own lines is a fault of the program, and stays one.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    DdsImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    QoiImagePlugin,
    SgiImagePlugin,
    TgaImagePlugin,
    WebPImagePlugin,
    features,
)

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.decoding.decoding_errors import DamageError, convert_decoding_errors
from rainmer_analysis.images.decoding.formats import describe_unreadable_content
from rainmer_analysis.images.decoding.pixel_arrays import (
    FloatImage,
    refuse_too_many_pixels,
    to_float_rgb,
    turn_upright,
)
from rainmer_analysis.images.decoding.png_chunks import (
    copy_without_texts_if_any,
    demand_intact_png,
    read_png_exif,
)
from rainmer_analysis.images.decoding.tiff import (
    TIFF_MAGIC,
    QuietTiffFile,
    decode_with_tifffile,
    needs_tifffile,
    tiff_size_and_orientation,
)

try:
    from PIL import AvifImagePlugin
except ImportError:  # Pillow before 11.3
    AvifImagePlugin = None  # type: ignore[assignment, unused-ignore]

__all__ = ["Header", "header_of", "open_pillow", "pixels_of"]

_Reader = Callable[..., ImageFile.ImageFile]
_READERS: tuple[tuple[tuple[bytes, ...], _Reader], ...] = (
    ((b"\x89PNG\r\n\x1a\n",), PngImagePlugin.PngImageFile),
    ((b"\xff\xd8\xff",), JpegImagePlugin.JpegImageFile),
    (TIFF_MAGIC, QuietTiffFile),
    ((b"BM",), BmpImagePlugin.BmpImageFile),
    ((b"GIF87a", b"GIF89a"), GifImagePlugin.GifImageFile),
    (tuple(b"P%d" % kind for kind in range(1, 7)), PpmImagePlugin.PpmImageFile),
    ((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"), Jpeg2KImagePlugin.Jpeg2KImageFile),
    ((b"qoif",), QoiImagePlugin.QoiImageFile),
    ((b"DDS ",), DdsImagePlugin.DdsImageFile),
    ((b"\x01\xda",), SgiImagePlugin.SgiImageFile),
    (tuple(b"\x0a%c\x01" % version for version in (0, 2, 3, 5)), PcxImagePlugin.PcxImageFile),
)
_UNSIGNED = {".tga": TgaImagePlugin.TgaImageFile}  # known by the name: it has no signature

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
_T = TypeVar("_T")


@dataclass(frozen=True)
class Header:
    """Size of an upright image in pixels, as its header states it, and its format."""

    width: int
    height: int
    format: str


def open_pillow(file: BinaryIO) -> ImageFile.ImageFile:
    """Open by content; unlike ``PIL.Image.open`` without its process-wide size warnings."""
    prefix = file.read(256)
    file.seek(0)
    if not prefix:
        raise ImageError("an empty file")
    reader = _find_pillow_plugin(prefix, PurePath(str(getattr(file, "name", ""))).suffix.lower())
    if reader is None:
        raise ImageError(f"not an image that is read: {describe_unreadable_content(prefix)}")
    with convert_decoding_errors():
        image = reader(file)
    refuse_too_many_pixels(*image.size)
    return image


def _find_pillow_plugin(prefix: bytes, suffix: str) -> _Reader | None:
    for magic, reader in _READERS:
        if prefix.startswith(magic):
            return reader
    if prefix[:4] == b"RIFF" and prefix[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if prefix[4:12] in (b"ftypavif", b"ftypavis"):
        if AvifImagePlugin is None or not features.check("avif"):
            raise ImageError("an AVIF picture, which this Pillow was built without")
        return AvifImagePlugin.AvifImageFile
    known = describe_unreadable_content(prefix) != describe_unreadable_content(b"")
    return None if known else _UNSIGNED.get(suffix)


def header_of(file: BinaryIO) -> Header:
    """Read size and format from an open file's header."""
    return _retry_without_png_texts(file, _read_upright_header)


def pixels_of(file: BinaryIO) -> FloatImage:
    """Decode an open file to upright float32 RGB of shape (3, H, W) in [0, 1]."""
    return _retry_without_png_texts(file, _decode_upright)


def _retry_without_png_texts(file: BinaryIO, work: Callable[[BinaryIO], _T]) -> _T:
    """Do `work`; where a PNG fails, do it once more without its texts and profiles.

    Pillow refuses long ones, and damaged ones, though no pixel depends on them.
    """
    try:
        return work(file)
    except DamageError:
        stripped = copy_without_texts_if_any(file)
        if stripped is None:
            raise
        return work(stripped)


def _read_upright_header(file: BinaryIO) -> Header:
    if needs_tifffile(file):
        width, height, turn = tiff_size_and_orientation(file)
        refuse_too_many_pixels(width, height)
        return Header(*((height, width) if turn in (5, 6, 7, 8) else (width, height)), "TIFF")
    image = open_pillow(file)
    size = image.size
    if image.format == "PNG":  # Pillow would decode the pixels on its way to the EXIF
        turn = _exif_orientation(lambda: _parse_exif(read_png_exif(file)))
    else:
        turn = 1 if image.format == "TIFF" else _exif_orientation(image.getexif)
    return Header(*(size[::-1] if turn >= 5 else size), image.format or "")


def _parse_exif(data: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(data)
    return exif


def _decode_upright(file: BinaryIO) -> FloatImage:
    if needs_tifffile(file):
        return decode_with_tifffile(file)
    image = open_pillow(file)
    low = _LOW_BYTES.get(_raw_mode(image))
    samples = _decode_unrotated(image)
    if image.format == "PNG":
        demand_intact_png(file)
    # Pillow turns TIFF itself
    turn = 1 if image.format == "TIFF" else _exif_orientation(image.getexif)
    if low is None:
        return turn_upright(samples, turn)
    file.seek(0)
    again = open_pillow(file)
    raw, channels = low
    again.tile = [
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in again.tile
    ]
    low_bytes = _convert_to_array(again).transpose(2, 0, 1)[list(channels)]
    high_bytes = np.rint(samples * np.float32(255))
    wide = (high_bytes * np.float32(256) + low_bytes) / np.float32(65535)
    return turn_upright(wide, turn)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _exif_orientation(load_exif: Callable[[], Image.Exif]) -> int:
    try:
        with convert_decoding_errors():
            value = load_exif().get(0x0112, 1)
    except ImageError as error:  # damaged EXIF does not spoil the pixels
        _log.debug("EXIF cannot be read: %s", error)
        return 1
    return value if value in range(1, 9) else 1


def _decode_unrotated(image: ImageFile.ImageFile) -> FloatImage:
    """Decode what Pillow understands, shape (3, H, W), not yet upright."""
    if image.mode == "F":
        return to_float_rgb(_convert_to_array(image), maximum=None)
    if image.mode.startswith("I"):
        bits = image.tag_v2.get(258, (16,)) if hasattr(image, "tag_v2") else (16,)
        return to_float_rgb(_convert_to_array(image), maximum=(1 << max(bits)) - 1)
    if image.mode in ("P", "PA"):  # the way round avoids a warning about transparent palettes
        return to_float_rgb(_convert_to_array(image, "RGBA", "RGB"), maximum=255)
    if image.mode in ("L", "RGB"):
        return to_float_rgb(_convert_to_array(image), maximum=255)
    return to_float_rgb(_convert_to_array(image, "RGB"), maximum=255)


def _convert_to_array(image: Image.Image, *modes: str) -> npt.NDArray[np.generic]:
    """Decode and convert step by step."""
    with convert_decoding_errors():
        for mode in modes:
            image = image.convert(mode)
        return np.asarray(image)
