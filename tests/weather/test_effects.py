from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.weather.effects import (
    Camera,
    Compression,
    Daylight,
    Drops,
    Flakes,
    Night,
    Streaks,
    Veil,
)
from rainmer_analysis.weather.effects.camera import expose
from rainmer_analysis.weather.fields_and_kernels import (
    capsule_kernel,
    power_law_noise,
    scatter_kernels,
)
from rainmer_analysis.weather.photographed_and_procedural_scenes import load_or_render_scene
from rainmer_analysis.weather.random_laws import Between, LogNormal, keyed_generator
from rainmer_analysis.weather.simulated_recipes import RECIPES

NOTHING = Between(0.0, 0.0)


def effects(kind):
    found = [e for r in RECIPES.values() for e in (*r.light, *r.weather) if isinstance(e, kind)]
    assert found
    return found


@pytest.fixture
def image():
    return keyed_generator("image").random((3, 40, 56)) * 0.9


@pytest.mark.parametrize("kind", [Streaks, Veil, Flakes, Drops])
def test_zero_strength_is_the_identity(kind, image):
    for effect in effects(kind):
        calm = replace(effect, strength=NOTHING).draw(keyed_generator(0))
        np.testing.assert_allclose(calm.apply(image, keyed_generator(1)), image, atol=1e-12)


def test_a_perfect_camera_and_the_same_day_are_the_identity(image):
    camera = Camera(gain=1.0, noise=0.0, shot=0.0, defocus=0.0)
    np.testing.assert_allclose(camera.apply(image, keyed_generator(1)), image, atol=1e-12)
    day = Daylight(gain=1.0, contrast=1.0)
    np.testing.assert_allclose(day.apply(image, keyed_generator(1)), image, atol=1e-12)


def test_inputs_are_not_written_into(image):
    before = image.copy()
    for kind in (Streaks, Veil, Flakes, Drops, Daylight, Night, Camera, Compression):
        for effect in effects(kind):
            effect.draw(keyed_generator(2)).apply(image, keyed_generator(2))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", [Streaks, Flakes])
def test_streaks_and_flakes_only_add_light(kind, image):
    for effect in effects(kind):
        change = (
            effect.draw(keyed_generator(3)).apply(image * 0.9, keyed_generator(3)) - image * 0.9
        )
        assert change.min() >= -1e-12
        assert change.max() > 0.01


def test_more_strength_means_more_light(image):
    streaks = effects(Streaks)[0].draw(keyed_generator(4))
    lights = [
        replace(streaks, strength=s).apply(image, keyed_generator(4)).mean()
        for s in (0.1, 0.3, 0.9)
    ]
    assert lights == sorted(lights)
    assert lights[0] > image.mean()


def test_added_streaks_are_as_bright_everywhere_and_screened_ones_are_not():
    rain = replace(effects(Streaks)[0].draw(keyed_generator(5)), strength=0.3, screen=0.0, lit=0.0)
    dark, light = np.full((3, 64, 64), 0.1), np.full((3, 64, 64), 0.5)

    def added(streaks, image):
        return streaks.apply(image, keyed_generator(6)) - image

    np.testing.assert_allclose(added(rain, dark), added(rain, light), atol=1e-12)
    screened = replace(rain, screen=1.0)
    np.testing.assert_allclose(
        added(screened, light) * 0.9, added(screened, dark) * 0.5, atol=1e-12
    )


def test_streaks_by_night_have_the_colour_of_the_light_near_them():
    rain = replace(effects(Streaks)[0].draw(keyed_generator(5)), lit=1.0)
    scene = np.zeros((3, 64, 64))
    scene[0, :, :20] = scene[2, :, 44:] = 0.5
    change = (rain.apply(scene, keyed_generator(6)) - scene).mean(axis=1)
    assert change[0, :15].mean() > 0.01
    assert change[2, 49:].mean() > 0.01
    np.testing.assert_allclose(change[1], 0.0, atol=1e-12)
    np.testing.assert_allclose(change[2, :15], 0.0, atol=1e-12)


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_compression_is_that_of_jpeg(quality):
    image = np.rint(load_or_render_scene("scene-figure-skyline-001", height=90, width=121) * 255)
    stored = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0).astype(np.uint8)).save(
        stored, "JPEG", quality=quality, subsampling=2
    )
    with Image.open(stored) as opened:
        expected = np.asarray(opened).transpose(2, 0, 1).astype(float)
    found = Compression(float(quality)).apply(image / 255.0, keyed_generator(0)) * 255.0
    loss = np.abs(expected - image).mean()
    assert np.abs(found - image).mean() == pytest.approx(loss, rel=0.1)
    # Libraries round whole numbers on the way; what they lose is the same, to a few tenths of it.
    assert np.abs(found - expected).mean() < max(0.4 * loss, 0.8)


def test_compression_again_changes_little_and_more_quality_less(image):
    once = Compression(75.0).apply(image, keyed_generator(0))
    again = Compression(75.0).apply(once, keyed_generator(0))
    assert np.abs(again - once).mean() < 0.3 * np.abs(once - image).mean()
    losses = [
        np.abs(Compression(q).apply(image, keyed_generator(0)) - image).mean()
        for q in (20.0, 60.0, 95.0)
    ]
    assert losses == sorted(losses, reverse=True)


def test_noise_without_chroma_is_grey():
    flat = np.full((3, 64, 64), 0.5)
    camera = Camera(gain=1.0, noise=0.03, shot=0.0, defocus=0.0, chroma=0.0)
    noise = camera.apply(flat, keyed_generator(1)) - flat
    assert noise.std() == pytest.approx(0.03, rel=0.05)
    assert noise.std(axis=0).max() < 1e-12


def test_streaks_follow_their_angle():
    """Rain that falls straight down varies little along columns, and much along rows."""
    black = np.zeros((3, 128, 128))
    for angle, along in ((0.0, 0), (90.0, 1)):
        drawn = effects(Streaks)[0].draw(keyed_generator(5))
        layers = tuple(replace(layer, tilt=0.0) for layer in drawn.layers)
        rain = replace(drawn, angle=angle, layers=layers, clump=0.0)
        light = rain.apply(black, keyed_generator(5))[0]
        steps = [np.abs(np.diff(light, axis=axis)).mean() for axis in (0, 1)]
        assert steps[along] < 0.5 * steps[1 - along]


def test_an_endless_veil_leaves_only_airlight(image):
    veil = Veil(strength=1e3, airlight=0.7, tint=(1.0, 1.0, 1.0))
    np.testing.assert_allclose(veil.apply(image, keyed_generator(6)), 0.7, atol=1e-9)


def test_a_veil_is_thicker_above():
    veil = Veil(strength=1.0, airlight=1.0, tint=(1.0, 1.0, 1.0), uneven=0.0)
    rows = veil.apply(np.zeros((3, 32, 32)), keyed_generator(7)).mean(axis=(0, 2))
    assert (np.diff(rows) <= 1e-12).all()
    assert rows[0] > rows[-1] + 0.1


def test_drops_change_the_picture_only_where_they_lie(image):
    drops = replace(effects(Drops)[0], count=1.0, radius=120.0, variety=0.0).draw(
        keyed_generator(8)
    )
    changed = np.abs(drops.apply(image, keyed_generator(8)) - image).max(axis=0) > 1e-9
    assert 0 < changed.mean() < 0.6


def test_a_drop_shows_the_scene_upside_down():
    """Above the middle of a drop over a bright-above, dark-below scene it is darker than below."""
    scene = np.zeros((3, 101, 101))
    scene[:, :50] = 1.0
    drop = Drops(strength=1.0, count=40.0, radius=150.0, view=3.0, glow=0.0, variety=0.0)
    seen = drop.apply(scene, keyed_generator(9))
    assert seen[:, :50].mean() < 0.99
    assert seen[:, 50:].mean() > 0.01


def test_night_is_dark_with_lamps():
    day = np.full((3, 64, 64), 0.6)
    for law in effects(Night):
        night = law.draw(keyed_generator(10))
        dark = night.apply(day, keyed_generator(10))
        assert np.median(dark) < 0.5
        assert dark.max() > 2 * np.median(dark)
        unlit = replace(night, lamps=0.0).apply(day, keyed_generator(10))
        assert np.ptp(unlit, axis=(1, 2)).max() < 1e-12


def test_exposure_keeps_black_and_white_and_orders_gains(image):
    np.testing.assert_allclose(expose(np.array([0.0, 1.0]), 2.5), [0.0, 1.0])
    assert (expose(image, 0.5) <= image).all()
    assert (expose(image, 2.0) >= image).all()


def test_noise_has_the_asked_spread():
    flat = np.full((3, 128, 128), 0.5)
    camera = Camera(gain=1.0, noise=0.03, shot=0.04, defocus=0.0)
    expected = np.sqrt(0.03**2 + 0.04**2 * 0.5)
    assert (camera.apply(flat, keyed_generator(11)) - flat).std() == pytest.approx(
        expected, rel=0.03
    )


def test_laws_stay_in_their_range_and_centre():
    rng = keyed_generator("laws")
    flat = [Between(2.0, 3.0).draw(rng) for _ in range(400)]
    assert min(flat) >= 2.0
    assert max(flat) <= 3.0
    assert np.mean(flat) == pytest.approx(2.5, abs=0.06)
    heavy = [LogNormal(1.5, 0.8, 0.2, 9.0).draw(rng) for _ in range(800)]
    assert min(heavy) >= 0.2
    assert max(heavy) <= 9.0
    assert np.median(heavy) == pytest.approx(1.5, rel=0.15)


def test_clouds_are_standardised_and_smoother_with_steeper_slope():
    fields = [
        power_law_noise(keyed_generator(12), (90, 70), slope=slope) for slope in (0.0, 1.0, 2.0)
    ]
    for field in fields:
        assert field.shape == (90, 70)
        assert field.mean() == pytest.approx(0.0, abs=1e-9)
        assert field.std() == pytest.approx(1.0)
    rough = [np.abs(np.diff(field)).mean() for field in fields]
    assert rough[0] > rough[1] > rough[2]


def test_scatter_equals_direct_stamping():
    """A second implementation: roll the kernel to each drop's place and add."""
    shape, expected = (32, 32), 6.0
    kernel = capsule_kernel(shape, length=9.0, width=1.5, angle=25.0, soft=True)
    rng = keyed_generator(13)
    count = int(rng.poisson(expected))
    places = rng.integers(0, 32 * 32, size=count)
    amplitudes = 0.3 + 0.7 * rng.random(count)
    direct = sum(
        amplitude * np.roll(kernel, (place // 32, place % 32), axis=(0, 1))
        for place, amplitude in zip(places, amplitudes, strict=True)
    )
    np.testing.assert_allclose(
        scatter_kernels(keyed_generator(13), shape, [(expected, kernel)]), direct, atol=1e-9
    )


def test_streams_depend_on_every_key():
    drawn = {
        keyed_generator(*keys).random() for keys in [("a", 1), ("a", 2), ("b", 1), ("a/1",), ("a",)]
    }
    assert len(drawn) == 4  # "a", 1 and "a/1" are one key by construction
