"""Changes that make images alike in something that is not weather: encoding, size, exposure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from rainmer_analysis.auditing.luma_thumbnails import luma_levels
from rainmer_analysis.images import compress_jpeg

__all__ = ["EQUALISERS", "re_encode", "re_expose", "re_size"]

_QUALITY = 50
_LONG_SIDE = 192
_MEAN, _SPREAD = 105.0, 50.0  # levels of luma

Picture = npt.NDArray[np.float32]


def re_encode(image: Picture) -> Picture:
    """Store an image [3, H, W] in [0, 1] as a JPEG of quality 50: traces of milder ones vanish."""
    return compress_jpeg(image, _QUALITY)


def re_size(image: Picture) -> Picture:
    """Reduce an image so that its longer side has 192 pixels, with antialiasing.

    The sharpness of cameras, of earlier resizes and of their filters is then much the same; a
    smaller image stays as it is.
    """
    scale = _LONG_SIDE / max(image.shape[1:])
    if scale >= 1:
        return image
    height, width = (max(8, round(side * scale)) for side in image.shape[1:])
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS))
        for plane in np.ascontiguousarray(image)
    ]
    return np.asarray(np.clip(np.stack(planes), 0, 1), dtype=np.float32)


def re_expose(image: Picture) -> Picture:
    """Give an image's luma a mean of 105 and a spread of 50 levels, as far as levels reach."""
    luma = luma_levels(image)
    spread = max(float(luma.std()), 1.0)
    moved = (image * 255 - float(luma.mean())) * (_SPREAD / spread) + _MEAN
    return np.asarray(np.clip(moved / 255, 0, 1), dtype=np.float32)


EQUALISERS: Mapping[str, Callable[[Picture], Picture]] = MappingProxyType(
    {"re-encode": re_encode, "re-size": re_size, "re-expose": re_expose}
)
