"""Images are written as 8-bit PNGs, which keep the request that they answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import read_image, read_png_request_digest, write_png


@given(st.integers(0, 2**31))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_written_png_comes_back(tmp_path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).random((3, 9, 11))
    path = write_png(pixels, tmp_path / "sub" / "a.png")
    np.testing.assert_allclose(read_image(path), pixels, atol=0.5 / 255 + 1e-7)
    np.testing.assert_array_equal(np.rint(read_image(path) * 255), np.rint(pixels * 255))


def test_halves_of_a_level_round_to_even(tmp_path: Path) -> None:
    levels = np.array([0.5, 1.5, 2.5, 254.5, -1e-7, 255]) / 255
    path = write_png(np.broadcast_to(levels, (3, 8, 6)), tmp_path / "a.png")
    stored = np.asarray(Image.open(path))[0, :, 0]
    assert stored.tolist() == [0, 2, 2, 254, 0, 255]


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((8, 8, 3)), "shape \\(3, H, W\\), but got \\(8, 8, 3\\)"),
        (np.full((3, 8, 8), 1.1), "values in \\[0, 1\\]; clip"),
        (np.full((3, 8, 8), np.nan), "values in \\[0, 1\\]; clip"),
    ],
)
def test_what_is_no_image_is_not_written(tmp_path: Path, pixels: np.ndarray, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        write_png(pixels, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_request_is_kept_and_changes_no_pixel(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((3, 9, 11))
    plain, asked = tmp_path / "plain.png", tmp_path / "asked.jpg"
    write_png(pixels, plain)
    write_png(pixels, asked, request="abc")
    assert read_png_request_digest(plain) is None
    assert read_png_request_digest(asked) == "abc"
    np.testing.assert_array_equal(read_image(plain), read_image(asked))


def test_what_is_no_png_answers_no_request(tmp_path: Path) -> None:
    path = write_png(np.zeros((3, 8, 8)), tmp_path / "a.png", request="abc")
    data = path.read_bytes()
    path.write_bytes(data[:30])
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("a.png", "text.png", "empty.png", "absent.png", "."):
        assert read_png_request_digest(tmp_path / name) is None
