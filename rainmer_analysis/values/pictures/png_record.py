"""A record in a PNG, and what its pixels are.

The record is an ``iTXt`` chunk behind the header (PNG specification, section 11.3.3.4), which
exiftool and Pillow show by its keyword.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib

from PIL import Image

from rainmer_analysis.errors import FileFormatError

__all__ = ["content_sha256", "insert_record", "split_record"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"rainmer_analysis"
_HEAD = _KEYWORD + b"\0\0\0\0\0"  # not compressed, no language, no translated keyword
_HEADER_END = 33  # signature and IHDR


def insert_record(picture: bytes, text: str) -> bytes:
    """Return the PNG with a record behind its header."""
    body = b"iTXt" + _HEAD + text.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:_HEADER_END] + chunk + picture[_HEADER_END:]


def split_record(data: bytes) -> tuple[bytes | None, bytes]:
    """Return the record's text, None where there is none, and the PNG without it."""
    if not data.startswith(_SIGNATURE):
        return None, data
    place, found, rest = len(_SIGNATURE), None, [data[: len(_SIGNATURE)]]
    while place + 12 <= len(data):
        end = place + 12 + struct.unpack_from(">I", data, place)[0]
        body = data[place + 4 : end - 4]
        if found is None and body.startswith(b"iTXt" + _HEAD):
            found = body[4 + len(_HEAD) :]
        else:
            rest.append(data[place:end])
        place = end
    return found, b"".join([*rest, data[place:]])


def content_sha256(picture: bytes) -> str:
    """Return the SHA-256 of the size and of all pixels as RGBA; how they are packed is no matter.

    Raises FileFormatError: the pixels cannot be decoded, or there are several frames.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
                frames, pixels = getattr(image, "n_frames", 1), image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning) as error:
        raise FileFormatError(f"its pixels cannot be decoded ({error})") from error
    except Image.DecompressionBombError as error:
        raise FileFormatError(f"its pixels cannot be decoded ({error})") from error
    if frames != 1:
        raise FileFormatError(f"it holds {frames} frames, and a figure has one")
    hasher = hashlib.sha256(f"RGBA {pixels.width} {pixels.height}\n".encode())
    hasher.update(pixels.tobytes())
    return hasher.hexdigest()
