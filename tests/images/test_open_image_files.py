"""Files are opened once, and what cannot be read is named instead of ending a run."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import (
    file_sha256,
    open_image_files,
    read_hashed_image,
    read_image,
    reading,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_what_is_hashed_is_what_is_decoded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, wanted = path.read_bytes(), read_image(path)
    inner = reading.sha256_of

    def replaced(file: object) -> str:
        found = inner(file)  # type: ignore[arg-type]
        Image.new("RGB", (12, 10)).save(path)
        return found

    monkeypatch.setattr(reading, "sha256_of", replaced)
    found = read_hashed_image(path)
    assert found.sha256 == hashlib.sha256(whole).hexdigest()
    assert found.pixels is not None
    np.testing.assert_array_equal(found.pixels, wanted)


def test_a_large_file_that_changes_is_left_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_image_files, "_IN_MEMORY", 0)
    whole = read_hashed_image(path)
    assert whole.pixels is not None
    assert whole.sha256 == file_sha256(path)
    inner = reading.pixels_of

    def touched(file: object) -> object:
        found = inner(file)  # type: ignore[arg-type]
        os.utime(path, ns=(1, 1))
        return found

    monkeypatch.setattr(reading, "pixels_of", touched)
    found = read_hashed_image(path)
    assert found.pixels is None
    assert "changed while it was read" in found.reason


@pytest.mark.parametrize("small", [True, False])
def test_a_disk_that_fails_is_a_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    if not small:
        monkeypatch.setattr(open_image_files, "_IN_MEMORY", 0)
    for name in ("read", "readinto"):
        monkeypatch.setattr(open_image_files._PiecewiseFile, name, broken)
    found = read_hashed_image(path)
    assert (found.sha256, found.pixels) == ("", None)
    assert found.reason == "cannot be read: Input/output error"
    with pytest.raises(ImageError, match="Input/output error"):
        file_sha256(path)


def test_a_file_that_no_image_can_be_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(60 << 30)
    assert read_hashed_image(path).reason.startswith("a file of 60.0 GiB; files of up to 4 GiB")
