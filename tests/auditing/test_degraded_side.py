"""Which image of a pair is degraded."""

from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.auditing.degraded_side import (
    FEATURES,
    degraded_side_features,
    log_odds_partner_degraded,
)
from rainmer_analysis.auditing.luma_and_colour_thumbnails import full_range_luma
from rainmer_analysis.weather import RECIPES, degraded_and_clean, load_or_render_scene


def scene(number: int) -> np.ndarray:
    return load_or_render_scene(f"scene-figure-landscape-{number:03d}", height=96, width=128)


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_weather_is_seen_on_the_right_side(recipe: str) -> None:
    for number in range(2):
        pair = degraded_and_clean(scene(number), recipe, seed=number)
        degraded, clean = (full_range_luma(each) for each in pair)
        assert (
            log_odds_partner_degraded(degraded, clean)
            < 0
            < log_odds_partner_degraded(clean, degraded)
        )


def test_exchanging_the_two_changes_every_sign() -> None:
    pair = degraded_and_clean(scene(3), "sim-DDN_5", seed=1)
    degraded, clean = (full_range_luma(each) for each in pair)
    one, two = degraded_side_features(degraded, clean), degraded_side_features(clean, degraded)
    assert one.shape == (len(FEATURES),)
    assert np.allclose(one, -two, atol=1e-4)


def test_equal_images_have_no_sides() -> None:
    clean = full_range_luma(scene(4))
    assert log_odds_partner_degraded(clean, clean) == pytest.approx(0, abs=1e-6)
