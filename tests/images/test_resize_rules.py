"""Laws of the resize rule, and torch as a second implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.resize_rules import RESIZE_RULES, resize

SIZES = [(8, 8), (53, 77), (128, 128), (321, 481), (600, 64), (1024, 20), (8, 3000)]
sides = st.integers(8, 400)


def _image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((3, height, width), dtype=np.float32)


def _torch(image: np.ndarray, *, antialias: bool) -> np.ndarray:
    batch = torch.from_numpy(image)[None]
    return torch.nn.functional.interpolate(
        batch, size=(128, 128), mode="bilinear", align_corners=False, antialias=antialias
    )[0].numpy()


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_bilinear_agrees_with_torch(height: int, width: int) -> None:
    image = _image(height, width)
    ours = resize(image)
    assert ours.dtype == np.float32
    assert ours.shape == (3, 128, 128)
    assert ours.flags.c_contiguous
    np.testing.assert_allclose(ours, _torch(image, antialias=False), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_antialias_agrees_with_torch(height: int, width: int) -> None:
    image = _image(height, width)
    ours = resize(image, rule="antialias-128")
    np.testing.assert_allclose(ours, _torch(image, antialias=True), atol=1e-5, rtol=0)


@given(sides, sides, st.floats(0, 1, width=32), st.sampled_from(sorted(RESIZE_RULES)))
@settings(max_examples=25, deadline=None)
def test_a_constant_stays(height: int, width: int, level: float, rule: str) -> None:
    image = np.full((3, height, width), level, np.float32)
    tolerance = 0 if rule == "bilinear-128" else 1e-6
    np.testing.assert_allclose(resize(image, rule=rule), np.float32(level), atol=tolerance, rtol=0)


@given(sides, sides)
@settings(max_examples=25, deadline=None)
def test_a_ramp_is_sampled_at_half_pixel_centres(height: int, width: int) -> None:
    columns = (np.arange(width) + 0.5) / width
    image = np.broadcast_to(columns.astype(np.float32), (3, height, width))
    wanted = np.clip((np.arange(128) + 0.5) / 128, columns[0], columns[-1])
    np.testing.assert_allclose(resize(image)[0, 64], wanted, atol=1e-6)
    turned = np.ascontiguousarray(image.transpose(0, 2, 1))
    np.testing.assert_allclose(resize(turned)[0, :, 64], wanted, atol=1e-6)


@given(st.integers(0, 2**31), sides, sides)
@settings(max_examples=15, deadline=None)
def test_values_stay_within_the_image_and_mirrors_commute(
    seed: int, height: int, width: int
) -> None:
    image = _image(height, width, seed)
    small = resize(image)
    assert image.min() <= small.min()
    assert small.max() <= image.max()
    mirrored = resize(np.ascontiguousarray(image[:, ::-1, ::-1]))
    np.testing.assert_allclose(mirrored[:, ::-1, ::-1], small, atol=1e-6)


@pytest.mark.parametrize("rule", sorted(RESIZE_RULES))
def test_the_target_size_is_left_alone(rule: str) -> None:
    image = _image(128, 128)
    np.testing.assert_array_equal(resize(image, rule=rule), image)


def test_the_input_is_not_changed() -> None:
    image = _image(40, 50)
    before = image.copy()
    resize(image)
    np.testing.assert_array_equal(image, before)


def test_an_unknown_rule_is_refused_with_the_names() -> None:
    with pytest.raises(ParameterError, match=r"unknown resize rule 'cubic'.*antialias-128, biline"):
        resize(_image(8, 8), rule="cubic")


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8), (3, 0, 8)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match="shape \\(3, H, W\\) is resized, but got"):
        resize(np.zeros(shape, np.float32))
