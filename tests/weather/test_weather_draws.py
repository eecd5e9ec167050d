"""Draws of weather and light: fixed parameters, realisations without end."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather import (
    RECIPES,
    degraded_and_clean,
    draw_light,
    draw_weather,
    simulate,
)
from rainmer_analysis.weather.effects import Effect
from rainmer_analysis.weather.random_laws import (
    Between,
    LogNormal,
    Normal,
    Palette,
    Tint,
    keyed_generator,
)
from rainmer_analysis.weather.weather_draws import effect_to_json_types

NAMES = tuple(RECIPES)


@pytest.fixture(scope="module")
def clean():
    return simulate("sim-DDN_1", 5, size=(48, 64)).clean


def numbers(value):
    """All numbers of a JSON document, in order."""
    if isinstance(value, dict):
        return [n for each in value.values() for n in numbers(each)]
    if isinstance(value, list):
        return [n for each in value for n in numbers(each)]
    return [value] if isinstance(value, int | float) else []


@pytest.mark.parametrize("name", NAMES)
def test_realisations_share_parameters_and_differ_in_pixels(name, clean):
    weather = draw_weather(name, seed=1)
    described = weather.to_dict()
    first, again, second = (weather.apply(clean, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert (first != second).mean() > 0.01
    assert weather.to_dict() == described
    assert weather == draw_weather(name, seed=1)
    assert weather != draw_weather(name, seed=2)


@pytest.mark.parametrize("name", NAMES)
def test_degrade_is_the_draws_applied(name, clean):
    light, weather = draw_light(name, seed=3), draw_weather(name, seed=3)
    partner = light.apply(clean, seed=3)
    rainy, expected = degraded_and_clean(clean, name, seed=3)
    np.testing.assert_array_equal(expected, partner)
    np.testing.assert_array_equal(rainy, weather.apply(partner, seed=3))


@pytest.mark.parametrize("name", NAMES)
def test_draws_survive_json_and_pickle(name, clean):
    for draw in (draw_weather(name, seed=4), draw_light(name, seed=4)):
        assert json.loads(json.dumps(draw.to_dict())) == draw.to_dict()
        back = pickle.loads(pickle.dumps(draw))
        assert back == draw
        np.testing.assert_array_equal(back.apply(clean, seed=5), draw.apply(clean, seed=5))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_a_number_and_seeds_vary_them(name):
    described = [draw_weather(name, seed=seed).to_dict() for seed in range(6)]
    drawn = np.array([numbers(each) for each in described])
    assert np.isfinite(drawn).all()
    assert (np.ptp(drawn, axis=0) > 0).sum() >= 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(16, 16), (65, 97), (320, 83)])
def test_one_draw_goes_over_scenes_of_any_size(name, shape):
    scene = np.random.default_rng(0).random((3, *shape))
    rainy = draw_weather(name, seed=6).apply(scene, seed=9)
    assert rainy.shape == scene.shape
    assert rainy.dtype == np.float32
    np.testing.assert_array_equal(rainy, (np.rint(rainy * 255.0) / 255.0).astype(np.float32))


def test_realisations_of_a_draw_are_alike_in_strength(clean):
    """Two realisations of one draw change an image more equally than two draws do."""
    for name in ("sim-DDN_5", "sim-Rain", "sim-Snow", "sim-GT-Rain"):
        changes = np.array(
            [
                [
                    np.abs(draw_weather(name, seed=draw).apply(clean, seed=seed) - clean).mean()
                    for seed in range(4)
                ]
                for draw in range(12)
            ]
        )
        assert changes.std(axis=1).mean() < 0.4 * changes.mean(axis=1).std(), name


def test_wrong_names_and_images_are_refused():
    with pytest.raises(ParameterError, match="no recipe 'sim-Hail'"):
        draw_weather("sim-Hail", seed=0)
    with pytest.raises(ParameterError, match="leaves"):
        draw_weather("sim-Rain", seed=0).apply(np.full((3, 32, 32), 2.0), seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_laws_are_refused_where_numbers_are_needed(name, clean):
    for effect in (*RECIPES[name].light, *RECIPES[name].weather):
        assert isinstance(effect, Effect)
        if effect == effect.draw(keyed_generator(0)):
            continue  # without laws, as a compression of one quality
        with pytest.raises(ParameterError, match="call draw"):
            effect.apply(clean.astype(float), keyed_generator(0))
        with pytest.raises(ParameterError, match="call draw"):
            effect_to_json_types(effect)


def test_laws_of_colours():
    grey = Tint((0.9, 1.0, 1.1)).draw(keyed_generator(0))
    assert grey == pytest.approx((0.9, 1.0, 1.1))
    warm = np.array([Tint(warmth=0.2).draw(keyed_generator(i)) for i in range(200)])
    np.testing.assert_allclose(warm.mean(axis=1), 1.0)
    assert np.corrcoef(warm[:, 0], warm[:, 2])[0, 1] < -0.9
    three = Palette(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), 3).draw(keyed_generator(1))
    assert len(three) == 3
    assert set(three) <= {(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)}


def test_laws_of_numbers():
    drawn = np.array([Normal(2.0, 0.5).draw(keyed_generator(i)) for i in range(500)])
    assert drawn.mean() == pytest.approx(2.0, abs=0.08)
    assert drawn.std() == pytest.approx(0.5, rel=0.1)
    assert Between(3.0, 3.0).draw(keyed_generator(0)) == 3.0
    assert LogNormal(3.0, 0.0).draw(keyed_generator(0)) == 3.0
