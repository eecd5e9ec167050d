"""The one resize rule of the analysis, and others by name.

``bilinear-128`` is what the published training did up to its rounding to 8 bits: output pixel i
takes the input at ``(i + 0.5) * size / 128 - 0.5`` (half-pixel centres), linearly between the two
nearest pixels, without antialiasing, with the border pixels repeated outwards.
``antialias-128`` widens that triangle to the scale when it shrinks an image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.reading import FloatImage

__all__ = ["DEFAULT_RULE", "RESIZE_RULES", "resize"]

DEFAULT_RULE = "bilinear-128"
SIDE = 128

_Taps = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], FloatImage]


def resize(image: FloatImage, *, rule: str = DEFAULT_RULE) -> FloatImage:
    """Resize one image by a named rule.

    Parameters
    ----------
    image
        float32 RGB of shape (3, H, W).
    rule
        A name of `RESIZE_RULES`.

    Returns
    -------
    float32 array of shape (3, 128, 128).

    Raises
    ------
    ParameterError
        The rule is unknown, or the array is no image of shape (3, H, W).

    Examples
    --------
    >>> resize(np.full((3, 20, 30), 0.25, np.float32)).shape
    (3, 128, 128)
    """
    if rule not in RESIZE_RULES:
        raise ParameterError(
            f"unknown resize rule {rule!r}; allowed are {', '.join(sorted(RESIZE_RULES))}"
        )
    pixels = np.asarray(image, dtype=np.float32)
    if pixels.ndim != 3 or pixels.shape[0] != 3 or pixels.size == 0:
        raise ParameterError(f"an image of shape (3, H, W) is resized, but got {pixels.shape}")
    return RESIZE_RULES[rule](pixels)


def _resize_bilinear(image: FloatImage) -> FloatImage:
    upper, lower, weight = _bilinear_indices_and_weights(image.shape[1])
    above = image.take(upper, axis=1)
    rows = image.take(lower, axis=1)
    rows -= above
    rows *= weight[:, None]
    rows += above
    left, right, weight = _bilinear_indices_and_weights(image.shape[2])
    before = rows.take(left, axis=2)
    pixels = rows.take(right, axis=2)
    pixels -= before
    pixels *= weight
    pixels += before
    return pixels


@lru_cache(maxsize=256)
def _bilinear_indices_and_weights(size: int) -> _Taps:
    """Return the two source indices and the second one's weight for each of the 128 outputs."""
    centres = np.clip((np.arange(SIDE) + 0.5) * size / SIDE - 0.5, 0, size - 1)
    first = np.floor(centres).astype(np.intp)
    second = np.minimum(first + 1, size - 1)
    weight = (centres - first).astype(np.float32)
    for array in (first, second, weight):
        array.setflags(write=False)
    return first, second, weight


def _resize_antialiased(image: FloatImage) -> FloatImage:
    planes = [
        np.asarray(Image.fromarray(plane).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        for plane in np.ascontiguousarray(image)
    ]
    return np.stack(planes)


RESIZE_RULES: Mapping[str, Callable[[FloatImage], FloatImage]] = MappingProxyType(
    {"antialias-128": _resize_antialiased, DEFAULT_RULE: _resize_bilinear}
)
