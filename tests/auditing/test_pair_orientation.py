"""Which image of a pair is degraded."""

from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.auditing.luma_thumbnails import luma_levels
from rainmer_analysis.auditing.pair_orientation import (
    FEATURES,
    orientation,
    orientation_features,
)
from rainmer_analysis.weather import RECIPES, degrade, load_or_draw_scene


def scene(number: int) -> np.ndarray:
    return load_or_draw_scene(f"scene-figure-landscape-{number:03d}", height=96, width=128)


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_weather_is_seen_on_the_right_side(recipe: str) -> None:
    for number in range(2):
        pair = degrade(scene(number), recipe, seed=number)
        degraded, clean = (luma_levels(each) for each in pair)
        assert orientation(degraded, clean) < 0 < orientation(clean, degraded)


def test_exchanging_the_two_changes_every_sign() -> None:
    pair = degrade(scene(3), "sim-DDN_5", seed=1)
    degraded, clean = (luma_levels(each) for each in pair)
    one, two = orientation_features(degraded, clean), orientation_features(clean, degraded)
    assert one.shape == (len(FEATURES),)
    assert np.allclose(one, -two, atol=1e-4)


def test_equal_images_have_no_sides() -> None:
    clean = luma_levels(scene(4))
    assert orientation(clean, clean) == pytest.approx(0, abs=1e-6)
