"""Images written as 8-bit PNG files, which can say which request they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import write_atomically

__all__ = ["read_png_request_digest", "to_uint8_hwc", "write_png", "write_uint8_png"]

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
    return write_uint8_png(to_uint8_hwc(pixels), path, request=request)


def to_uint8_hwc(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return 8-bit samples [H, W, 3] of an image [3, H, W] in [0, 1], rounded half to even."""
    samples = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(samples)


def write_uint8_png(
    samples: npt.NDArray[np.uint8], path: str | Path, *, request: str | None = None
) -> Path:
    """Write 8-bit samples [H, W, 3] as a PNG, atomically; see `write_png`."""
    image = Image.fromarray(samples)
    texts = PngImagePlugin.PngInfo()
    if request is not None:
        texts.add_text(_KEY, request)
    return write_atomically(path, lambda file: image.save(file, format="PNG", pnginfo=texts))


def read_png_request_digest(path: str | Path) -> str | None:
    """Return the digest of the request that a file of `write_png` answers; None if it has none."""
    try:
        with Path(path).open("rb") as file, PngImagePlugin.PngImageFile(file) as image:
            found = image.info.get(_KEY)
    except (OSError, SyntaxError, ValueError):  # what is no PNG, or a damaged one
        return None
    return found if isinstance(found, str) else None
