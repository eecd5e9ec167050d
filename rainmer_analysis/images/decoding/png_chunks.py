"""Chunks of PNG files: EXIF, pixels without texts and profiles, and whether all is there."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from rainmer_analysis.images.decoding.decoding_errors import DamageError

__all__ = ["copy_without_texts_if_any", "demand_intact_png", "read_png_exif"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_NO_PIXELS = (b"iCCP", b"iTXt", b"tEXt", b"zTXt")


def read_png_exif(file: BinaryIO) -> bytes:
    """Read the EXIF of an open PNG; empty where there is none."""
    for start, length, kind in _chunk_positions(file):
        if kind == b"eXIf":
            file.seek(start + 8)
            return file.read(length)
    return b""


def demand_intact_png(file: BinaryIO) -> None:
    """Make sure that what pixels depend on is as it was written, up to the end of the image.

    Decoders pass over the checksums of pixels, and over an end that is missing.

    Raises
    ------
    DamageError
        A checksum differs, or the file is cut off.
    """
    for start, length, kind in _chunk_positions(file):
        if kind in _PIXELS:
            checksum, stated = _computed_and_stated_crc(file, start + 4, 4 + length)
            if len(stated) < 4:
                break
            if checksum != int.from_bytes(stated, "big"):
                raise DamageError(
                    f"truncated or damaged: the checksum of its {kind.decode()} differs"
                )
            if kind == b"IEND":
                return
    raise DamageError("truncated or damaged: the file ends before the image does")


def _computed_and_stated_crc(file: BinaryIO, start: int, length: int) -> tuple[int, bytes]:
    """Return the checksum of a part of a file, and the four bytes behind it that state it."""
    if isinstance(file, io.BytesIO):  # as files are that were read whole: nothing is copied
        with file.getbuffer() as whole, whole[start : start + length] as part:
            return zlib.crc32(part), bytes(whole[start + length : start + length + 4])
    file.seek(start)
    return zlib.crc32(file.read(length)), file.read(4)


def copy_without_texts_if_any(file: BinaryIO) -> io.BytesIO | None:
    """Copy an open PNG into memory without texts and profiles; None where it has none."""
    file.seek(0)
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return None
    kept, left_out = io.BytesIO(), False
    kept.write(_SIGNATURE)
    for start, length, kind in _chunk_positions(file):
        if kind in _NO_PIXELS:
            left_out = True
            continue
        file.seek(start)
        kept.write(file.read(length + 12))
    kept.seek(0)
    return kept if left_out else None


def _chunk_positions(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Return where each chunk begins, the length of its data, and its kind."""
    start = len(_SIGNATURE)
    while len(head := (file.seek(start), file.read(8))[1]) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield start, length, kind
        start += length + 12
