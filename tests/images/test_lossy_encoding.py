from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.lossy_encoding import LEAST_BYTES, encode_thumbnail


@pytest.mark.parametrize("limit", [LEAST_BYTES, 1600, 6000])
@pytest.mark.parametrize("size", [(8, 9), (300, 500), (40, 2000)])
def test_noise_fits_into_its_bytes(limit: int, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((3, *size)).astype(np.float32)
    data = encode_thumbnail(image, limit=limit)
    assert len(data) <= limit
    shown = Image.open(io.BytesIO(data))
    assert max(shown.size) <= 192
    assert shown.width / shown.height == pytest.approx(size[1] / size[0], rel=1)


def test_more_bytes_show_more() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 400, dtype=np.float32), (3, 300, 400))
    data = encode_thumbnail(ramp, limit=6000)
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)
    assert pixels.shape == (144, 192, 3)
    assert abs(pixels.mean(axis=(0, 2)) / 255 - np.linspace(0, 1, 192)).max() < 0.03


def test_too_few_bytes_are_refused() -> None:
    with pytest.raises(ParameterError, match="allow 400"):
        encode_thumbnail(np.zeros((3, 8, 8), dtype=np.float32), limit=10)
