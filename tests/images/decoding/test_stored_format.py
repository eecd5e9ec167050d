"""How files store their images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.reading import read_stored_format

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 51, 75, 90, 95, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_quality_of_a_jpeg_is_told_exactly(tmp_path: Path, quality: int, mode: str) -> None:
    path = tmp_path / "image.jpg"
    Image.fromarray(PIXELS).convert(mode).save(path, quality=quality)
    found = read_stored_format(path)
    assert (found.format, found.mode) == ("JPEG", mode)
    if quality > 1:  # at 1 and 2 all entries are cut at 255
        assert found.quality == quality


@pytest.mark.parametrize(("suffix", "mode"), [("png", "RGBA"), ("png", "P"), ("bmp", "RGB")])
def test_other_formats_have_none(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"image.{suffix}"
    Image.fromarray(PIXELS).convert(mode).save(path)
    found = read_stored_format(path)
    assert (found.format, found.mode, found.quality) == (suffix.upper(), mode, None)


def test_the_format_is_told_from_the_content(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.fromarray(PIXELS).save(path, format="JPEG", quality=80)
    assert read_stored_format(path).quality == 80
    Image.fromarray(PIXELS).save(path, format="TIFF")
    assert read_stored_format(path).format == "TIFF"


@pytest.mark.parametrize("data", [b"", b"nothing", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "image.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError):
        read_stored_format(path)
