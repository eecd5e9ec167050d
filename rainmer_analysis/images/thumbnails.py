"""Small pictures of images, each within a number of bytes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.decoding import FloatImage

__all__ = ["LEAST_BYTES", "encode_thumbnail"]

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
    levels = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
    whole = Image.fromarray(np.ascontiguousarray(levels))
    data = b""
    for side, quality in _STEPS:
        data = _encode_webp(whole, side, quality)
        if len(data) <= limit:
            break
    return data


def _encode_webp(whole: Image.Image, side: int, quality: int) -> bytes:
    scale = min(1.0, side / max(whole.size))
    size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
    buffer = io.BytesIO()
    small = whole.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    small.save(buffer, format="WEBP", quality=quality, method=4)
    return buffer.getvalue()
