"""Changes that make images alike in something that is not weather."""

from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.auditing.bias_removing_transforms import (
    EQUALISERS,
    coarse_jpeg_round_trip,
    high_pass,
    low_pass,
    reduce_to_long_side,
    shuffle_pixels,
    standardise_luma,
    subtract_clean,
    to_grey,
)
from rainmer_analysis.auditing.luma_and_colour_thumbnails import full_range_luma
from rainmer_analysis.images import jpeg_round_trip
from rainmer_analysis.weather import load_or_render_scene


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return load_or_render_scene("scene-figure-skyline-007", height=160, width=256)


def test_all_give_images(image: np.ndarray) -> None:
    for change in EQUALISERS.values():
        found = change(image)
        assert found.dtype == np.float32
        assert found.ndim == 3
        assert found.min() >= 0
        assert found.max() <= 1


def test_encoding_hides_a_milder_one(image: np.ndarray) -> None:
    before = jpeg_round_trip(image, 90)
    apart = np.abs(before - image).mean()
    assert np.abs(coarse_jpeg_round_trip(before) - coarse_jpeg_round_trip(image)).mean() < 2 * apart
    assert np.array_equal(coarse_jpeg_round_trip(image), jpeg_round_trip(image, 50))


def test_size_is_reduced_to_a_longer_side_of_192(image: np.ndarray) -> None:
    assert reduce_to_long_side(image).shape == (3, 120, 192)
    small = image[:, :100, :120]
    assert reduce_to_long_side(small) is small


def test_exposure_is_taken_off(image: np.ndarray) -> None:
    one, two = (
        standardise_luma(image),
        standardise_luma(np.clip(0.1 + 0.6 * image, 0, 1).astype(np.float32)),
    )
    assert np.abs(one - two).mean() < 0.01
    assert float(full_range_luma(one).mean()) == pytest.approx(105, abs=4)


def test_colour_structure_and_frequencies_are_taken_apart(image: np.ndarray) -> None:
    grey, mixed = to_grey(image), shuffle_pixels(image)
    assert np.array_equal(grey[0], grey[2])
    assert np.allclose(full_range_luma(grey), full_range_luma(image), atol=1e-3)
    assert np.array_equal(np.sort(mixed, axis=None), np.sort(image, axis=None))
    assert set(map(tuple, mixed.reshape(3, -1).T[:50])) <= set(map(tuple, image.reshape(3, -1).T))
    assert np.abs(np.diff(mixed)).mean() > 2 * np.abs(np.diff(image)).mean()
    together = low_pass(image) + high_pass(image) - 0.5
    assert np.abs(together - image).mean() < 0.01
    assert low_pass(image).std() > low_pass(high_pass(image)).std() * 3


def test_a_pair_without_weather_leaves_nothing(image: np.ndarray) -> None:
    assert np.array_equal(subtract_clean(image, image), np.full_like(image, 0.5))
    black = np.zeros_like(image)
    assert np.allclose(subtract_clean(image, black), 0.5 + image / 2)
