"""Images of findings inside a page: small, each with its caption, or with why there is none."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import read_image, to_uint8_hwc

__all__ = ["captioned_data_uri"]

_SIDE = 320  # pixels of a picture's longer side: shown at half of it or a little more


def captioned_data_uri(path: str, region: Any, caption: str) -> dict[str, str]:
    """Return a thumbnail as a data URI, or why there is none."""
    try:
        pixels = read_image(path, region=region)
    except ImageError as error:
        return {"uri": "", "caption": caption, "reason": str(error)}
    image = Image.fromarray(to_uint8_hwc(pixels))
    image.thumbnail((_SIDE, _SIDE))
    data = io.BytesIO()
    image.save(data, format="JPEG", quality=75)
    text = base64.b64encode(data.getvalue()).decode()
    return {"uri": f"data:image/jpeg;base64,{text}", "caption": caption, "reason": ""}
