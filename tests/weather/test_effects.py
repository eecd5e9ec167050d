from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rainmer_analysis.weather.effects import Camera, Daylight, Drops, Flakes, Night, Streaks, Veil
from rainmer_analysis.weather.effects.camera import expose
from rainmer_analysis.weather.fields import capsule, cloud, scatter
from rainmer_analysis.weather.laws import Between, LogNormal, generator
from rainmer_analysis.weather.recipes import RECIPES

NOTHING = Between(0.0, 0.0)


def effects(kind):
    found = [e for r in RECIPES.values() for e in (*r.light, *r.weather) if isinstance(e, kind)]
    assert found
    return found


@pytest.fixture
def image():
    return generator("image").random((3, 40, 56)) * 0.9


@pytest.mark.parametrize("kind", [Streaks, Veil, Flakes, Drops])
def test_zero_strength_is_the_identity(kind, image):
    for effect in effects(kind):
        calm = replace(effect, strength=NOTHING).draw(generator(0))
        np.testing.assert_allclose(calm.apply(image, generator(1)), image, atol=1e-12)


def test_a_perfect_camera_and_the_same_day_are_the_identity(image):
    camera = Camera(gain=1.0, noise=0.0, shot=0.0, defocus=0.0)
    np.testing.assert_allclose(camera.apply(image, generator(1)), image, atol=1e-12)
    day = Daylight(gain=1.0, contrast=1.0)
    np.testing.assert_allclose(day.apply(image, generator(1)), image, atol=1e-12)


def test_inputs_are_not_written_into(image):
    before = image.copy()
    for kind in (Streaks, Veil, Flakes, Drops, Daylight, Night, Camera):
        for effect in effects(kind):
            effect.draw(generator(2)).apply(image, generator(2))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", [Streaks, Flakes])
def test_streaks_and_flakes_only_add_light(kind, image):
    for effect in effects(kind):
        change = effect.draw(generator(3)).apply(image * 0.9, generator(3)) - image * 0.9
        assert change.min() >= -1e-12
        assert change.max() > 0.01


def test_more_strength_means_more_light(image):
    streaks = effects(Streaks)[0].draw(generator(4))
    lights = [
        replace(streaks, strength=s).apply(image, generator(4)).mean() for s in (0.1, 0.3, 0.9)
    ]
    assert lights == sorted(lights)
    assert lights[0] > image.mean()


def test_streaks_follow_their_angle():
    """Rain that falls straight down varies little along columns, and much along rows."""
    black = np.zeros((3, 128, 128))
    for angle, along in ((0.0, 0), (90.0, 1)):
        drawn = effects(Streaks)[0].draw(generator(5))
        layers = tuple(replace(layer, tilt=0.0) for layer in drawn.layers)
        rain = replace(drawn, angle=angle, layers=layers, clump=0.0)
        light = rain.apply(black, generator(5))[0]
        steps = [np.abs(np.diff(light, axis=axis)).mean() for axis in (0, 1)]
        assert steps[along] < 0.5 * steps[1 - along]


def test_an_endless_veil_leaves_only_airlight(image):
    veil = Veil(strength=1e3, airlight=0.7, tint=(1.0, 1.0, 1.0))
    np.testing.assert_allclose(veil.apply(image, generator(6)), 0.7, atol=1e-9)


def test_a_veil_is_thicker_above():
    veil = Veil(strength=1.0, airlight=1.0, tint=(1.0, 1.0, 1.0), uneven=0.0)
    rows = veil.apply(np.zeros((3, 32, 32)), generator(7)).mean(axis=(0, 2))
    assert (np.diff(rows) <= 1e-12).all()
    assert rows[0] > rows[-1] + 0.1


def test_drops_change_the_picture_only_where_they_lie(image):
    drops = replace(effects(Drops)[0], count=1.0, radius=120.0, variety=0.0).draw(generator(8))
    changed = np.abs(drops.apply(image, generator(8)) - image).max(axis=0) > 1e-9
    assert 0 < changed.mean() < 0.6


def test_a_drop_shows_the_scene_upside_down():
    """Above the middle of a drop over a bright-above, dark-below scene it is darker than below."""
    scene = np.zeros((3, 101, 101))
    scene[:, :50] = 1.0
    drop = Drops(strength=1.0, count=40.0, radius=150.0, view=3.0, glow=0.0, variety=0.0)
    seen = drop.apply(scene, generator(9))
    assert seen[:, :50].mean() < 0.99
    assert seen[:, 50:].mean() > 0.01


def test_night_is_dark_with_lamps():
    day = np.full((3, 64, 64), 0.6)
    for law in effects(Night):
        night = law.draw(generator(10))
        dark = night.apply(day, generator(10))
        assert np.median(dark) < 0.5
        assert dark.max() > 2 * np.median(dark)
        unlit = replace(night, lamps=0.0).apply(day, generator(10))
        assert np.ptp(unlit, axis=(1, 2)).max() < 1e-12


def test_exposure_keeps_black_and_white_and_orders_gains(image):
    np.testing.assert_allclose(expose(np.array([0.0, 1.0]), 2.5), [0.0, 1.0])
    assert (expose(image, 0.5) <= image).all()
    assert (expose(image, 2.0) >= image).all()


def test_noise_has_the_asked_spread():
    flat = np.full((3, 128, 128), 0.5)
    camera = Camera(gain=1.0, noise=0.03, shot=0.04, defocus=0.0)
    expected = np.sqrt(0.03**2 + 0.04**2 * 0.5)
    assert (camera.apply(flat, generator(11)) - flat).std() == pytest.approx(expected, rel=0.03)


def test_laws_stay_in_their_range_and_centre():
    rng = generator("laws")
    flat = [Between(2.0, 3.0).draw(rng) for _ in range(400)]
    assert min(flat) >= 2.0
    assert max(flat) <= 3.0
    assert np.mean(flat) == pytest.approx(2.5, abs=0.06)
    heavy = [LogNormal(1.5, 0.8, 0.2, 9.0).draw(rng) for _ in range(800)]
    assert min(heavy) >= 0.2
    assert max(heavy) <= 9.0
    assert np.median(heavy) == pytest.approx(1.5, rel=0.15)


def test_clouds_are_standardised_and_smoother_with_steeper_slope():
    fields = [cloud(generator(12), (90, 70), slope=slope) for slope in (0.0, 1.0, 2.0)]
    for field in fields:
        assert field.shape == (90, 70)
        assert field.mean() == pytest.approx(0.0, abs=1e-9)
        assert field.std() == pytest.approx(1.0)
    rough = [np.abs(np.diff(field)).mean() for field in fields]
    assert rough[0] > rough[1] > rough[2]


def test_scatter_equals_direct_stamping():
    """A second implementation: roll the kernel to each drop's place and add."""
    shape, expected = (32, 32), 6.0
    kernel = capsule(shape, length=9.0, width=1.5, angle=25.0, soft=True)
    rng = generator(13)
    count = int(rng.poisson(expected))
    places = rng.integers(0, 32 * 32, size=count)
    amplitudes = 0.3 + 0.7 * rng.random(count)
    direct = sum(
        amplitude * np.roll(kernel, (place // 32, place % 32), axis=(0, 1))
        for place, amplitude in zip(places, amplitudes, strict=True)
    )
    np.testing.assert_allclose(
        scatter(generator(13), shape, [(expected, kernel)]), direct, atol=1e-9
    )


def test_streams_depend_on_every_key():
    drawn = {generator(*keys).random() for keys in [("a", 1), ("a", 2), ("b", 1), ("a/1",), ("a",)]}
    assert len(drawn) == 4  # "a", 1 and "a/1" are one key by construction
