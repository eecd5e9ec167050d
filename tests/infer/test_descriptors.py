"""Hand-made descriptors: known values, invariances, and constants."""

from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer import StatisticsEncoder, fit_standardisation_constants
from rainmer_analysis.infer.encoders.built_in.handmade_descriptors import (
    DESCRIPTORS,
    chromatic_descriptors,
    degradation_descriptors,
)


def _noise(seed: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.random.default_rng(seed).random((3, *size), dtype=np.float32)


@pytest.mark.parametrize("view", list(DESCRIPTORS))
@pytest.mark.parametrize("size", [(8, 8), (8, 31), (128, 128)])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_finite_for_flat_images_of_any_size(view: str, size: tuple[int, int], level: float) -> None:
    numbers = DESCRIPTORS[view](np.full((3, *size), level, np.float32))
    assert np.isfinite(numbers).all()
    assert len(numbers) == {"chromatic": 50, "degradation": 61}[view]


def test_chromatic_of_a_flat_colour() -> None:
    image = np.empty((3, 16, 16), np.float32)
    image[:] = np.array([0.6, 0.4, 0.2], np.float32)[:, None, None]
    numbers = chromatic_descriptors(image)
    np.testing.assert_allclose(numbers[:3], [0.6, 0.4, 0.2], atol=1e-6)
    np.testing.assert_allclose(numbers[3:6], 0, atol=1e-6)
    np.testing.assert_allclose(
        numbers[6:21].reshape(3, 5), np.array([[0.6], [0.4], [0.2]]) + np.zeros(5), atol=1e-6
    )
    np.testing.assert_allclose(numbers[21], 0.2 / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(numbers[31], 0.6 / np.sqrt(6), atol=1e-6)
    np.testing.assert_allclose(numbers[-3:], [0.2, 0, 0.2], atol=1e-6)


def test_chromatic_does_not_see_where_pixels_lie_but_for_the_dark_channel() -> None:
    image = _noise(0)
    order = np.random.default_rng(1).permutation(64 * 48)
    shuffled = image.reshape(3, -1)[:, order].reshape(image.shape)
    np.testing.assert_allclose(
        chromatic_descriptors(shuffled)[:47], chromatic_descriptors(image)[:47], atol=1e-5
    )


def test_vertical_streaks_have_horizontal_gradients_and_vertical_correlation() -> None:
    columns = np.random.default_rng(2).random(64, dtype=np.float32)
    upright = np.broadcast_to(columns, (3, 64, 64)).copy()
    numbers = degradation_descriptors(upright)
    np.testing.assert_allclose(numbers[0], 1, atol=1e-3)  # orientation 0: change along x
    lagged = numbers[-15:-3].reshape(3, 4)
    np.testing.assert_allclose(lagged[:, 1], 1, atol=2e-2)
    assert lagged[:, 0].max() < 0.6
    lying = degradation_descriptors(upright.transpose(0, 2, 1))
    np.testing.assert_allclose(lying[4], 1, atol=1e-3)


def test_grey_detail_agrees_over_channels_and_coloured_detail_does_not() -> None:
    grey = np.repeat(_noise(3)[:1], 3, axis=0)
    np.testing.assert_allclose(degradation_descriptors(grey)[-3:], 1, atol=1e-3)
    assert np.abs(degradation_descriptors(_noise(3))[-3:]).max() < 0.1


def test_constants_centre_and_scale() -> None:
    images = [_noise(seed) ** (1 + seed % 3) for seed in range(30)]
    constants = fit_standardisation_constants(images)
    for view, describe in DESCRIPTORS.items():
        rows = np.array([describe(image) for image in images])
        np.testing.assert_allclose(constants[view]["mean"], rows.mean(axis=0))
        np.testing.assert_allclose(constants[view]["sd"], rows.std(axis=0, ddof=1))
    rows = StatisticsEncoder(constants).encode(np.stack(images))["chromatic"]
    assert np.linalg.norm(rows.mean(axis=0)) < 0.2
    with pytest.raises(ParameterError, match="at least 2 images"):
        fit_standardisation_constants(images[:1])


def test_other_constants_are_another_encoder() -> None:
    first = StatisticsEncoder(fit_standardisation_constants([_noise(0), _noise(1)]))
    second = StatisticsEncoder(fit_standardisation_constants([_noise(0), _noise(2)]))
    assert first.sha256 != second.sha256
    assert first.sha256 == StatisticsEncoder(first.constants).sha256
