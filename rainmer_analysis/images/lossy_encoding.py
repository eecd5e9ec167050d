"""Lossy encodings of images: a JPEG round trip, and WebP thumbnails within a number of bytes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.decoding import FloatImage
from rainmer_analysis.images.png_files import to_uint8_hwc

__all__ = ["LEAST_BYTES", "encode_thumbnail", "jpeg_round_trip"]

# Longest side in pixels and WebP quality, from the best to the smallest.
_STEPS = (
    (192, 70),
    (192, 55),
    (160, 50),
    (128, 45),
    (96, 42),
    (80, 40),
    (64, 35),
    (48, 30),
    (24, 20),
)
LEAST_BYTES = 400
"""What the smallest step needs at most, noise included."""


def jpeg_round_trip(image: FloatImage, quality: int) -> FloatImage:
    """Return an image (3, H, W) in [0, 1] as it comes back from a JPEG of a quality (1 to 95)."""
    buffer = io.BytesIO()
    Image.fromarray(to_uint8_hwc(image)).save(buffer, format="JPEG", quality=quality)
    with Image.open(buffer) as opened:
        decoded = np.asarray(opened.convert("RGB"), dtype=np.float32)
    return decoded.transpose(2, 0, 1) / np.float32(255)


def encode_thumbnail(image: FloatImage, *, limit: int) -> bytes:
    """Return an image as WebP of at most `limit` bytes, as large and clear as these allow.

    Parameters
    ----------
    image
        Shape (3, H, W) in [0, 1].
    limit
        Bytes, at least `LEAST_BYTES`.

    Raises
    ------
    ParameterError
        The limit is smaller.
    """
    if limit < LEAST_BYTES:
        raise ParameterError(f"a thumbnail of {limit} bytes was asked for; allow {LEAST_BYTES}")
    whole = Image.fromarray(to_uint8_hwc(image))
    data = b""
    for side, quality in _STEPS:
        data = _encode_reduced_webp(whole, side, quality)
        if len(data) <= limit:
            break
    return data


def _encode_reduced_webp(image: Image.Image, longest_side: int, quality: int) -> bytes:
    scale = min(1.0, longest_side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    buffer = io.BytesIO()
    small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    small.save(buffer, format="WEBP", quality=quality, method=4)
    return buffer.getvalue()
