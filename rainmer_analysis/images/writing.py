"""One image out, as an 8-bit PNG that can say which request it answers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import write_atomically

__all__ = ["compress_jpeg", "png_request", "to_samples", "write_png", "write_samples"]

_KEY = "rainmer_analysis"


def write_png(array: npt.ArrayLike, path: str | Path, *, request: str | None = None) -> Path:
    """Write float RGB of shape (3, H, W) in [0, 1] as an 8-bit PNG, atomically.

    Each sample becomes 255 times its value, rounded half to even.

    Parameters
    ----------
    array
        The image.
    path
        Where to, whatever the name ends in.
    request
        Digest of the request that the image answers, kept in a text chunk.

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
    return write_samples(to_samples(pixels), path, request=request)


def to_samples(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return 8-bit samples [H, W, 3] of an image [3, H, W] in [0, 1], rounded half to even."""
    samples = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(samples)


def write_samples(
    samples: npt.NDArray[np.uint8], path: str | Path, *, request: str | None = None
) -> Path:
    """Write 8-bit samples [H, W, 3] as a PNG, atomically; see `write_png`."""
    image = Image.fromarray(samples)
    texts = PngImagePlugin.PngInfo()
    if request is not None:
        texts.add_text(_KEY, request)
    return write_atomically(path, lambda place: image.save(place, format="PNG", pnginfo=texts))


def png_request(path: str | Path) -> str | None:
    """Return the digest of the request that a file of `write_png` answers; None if it has none."""
    try:
        with Path(path).open("rb") as file, PngImagePlugin.PngImageFile(file) as image:
            found = image.info.get(_KEY)
    except (OSError, SyntaxError, ValueError):  # what is no PNG, or a damaged one
        return None
    return found if isinstance(found, str) else None


def compress_jpeg(array: npt.NDArray[np.float32], quality: int) -> npt.NDArray[np.float32]:
    """Return an image (3, H, W) in [0, 1] as it comes back from a JPEG of a quality (1 to 95)."""
    levels = np.rint(255 * np.clip(array, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(buffer, format="JPEG", quality=quality)
    with Image.open(buffer) as image:
        decoded = np.asarray(image.convert("RGB"), dtype=np.float32)
    return decoded.transpose(2, 0, 1) / np.float32(255)
