"""Decoded samples: their number, their orientation, and their scale of [0, 1]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ImageError

__all__ = ["MAX_PIXELS", "FloatImage", "refuse_too_many_pixels", "to_float_rgb", "turn_upright"]

FloatImage = npt.NDArray[np.float32]

MAX_PIXELS = 178_956_970  # where Pillow refuses by default


def refuse_too_many_pixels(width: int, height: int) -> None:
    """Refuse an image whose header states more than `MAX_PIXELS`.

    Raises
    ------
    ImageError
        It does.
    """
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"more than {MAX_PIXELS:,} pixels: the header states {width}x{height} pixels"
        )


def turn_upright(pixels: FloatImage, orientation: int) -> FloatImage:
    """Turn the stored rows and columns upright; orientations as numbered by EXIF 2.3."""
    if orientation >= 5:
        pixels = pixels.transpose(0, 2, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[:, ::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(pixels)


def to_float_rgb(array: npt.NDArray[np.generic], *, maximum: int | None) -> FloatImage:
    """Scale samples of shape (H, W) or (H, W, C) to [0, 1], shape (3, H, W).

    Raises
    ------
    ImageError
        The range of the samples is not known.
    """
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
