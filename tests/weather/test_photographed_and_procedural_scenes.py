from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather import (
    SCENE_KINDS,
    load_or_render_scene,
    render_procedural_scene,
    scene_names,
)

KINDS = ("photo", "leaves", "textures", "skyline", "landscape")


def one_of_each(split: str) -> list[str]:
    names = scene_names(split)
    return [next(name for name in names if name.split("-")[2] == kind) for kind in KINDS]


def test_splits_are_disjoint_and_large():
    train, figure = scene_names("train"), scene_names("figure")
    assert len(set(train)) == len(train) >= 500
    assert len(set(figure)) == len(figure) >= 500
    assert not set(train) & set(figure)
    photographs = [{n.split("-")[3] for n in s if "-photo-" in n} for s in (train, figure)]
    assert all(photographs)
    assert not photographs[0] & photographs[1]


@pytest.mark.parametrize("name", one_of_each("figure") + one_of_each("train"))
def test_a_scene_is_an_image_and_the_same_again(name):
    image = load_or_render_scene(name, height=48, width=64)
    assert image.shape == (3, 48, 64)
    assert image.dtype == np.float32
    assert image.min() >= 0.0
    assert image.max() <= 1.0
    assert image.std() > 0.02
    np.testing.assert_array_equal(image, load_or_render_scene(name, height=48, width=64))


def test_scenes_vary_in_brightness_contrast_and_colour():
    images = [
        load_or_render_scene(name, height=64, width=64) for name in scene_names("figure")[:80]
    ]
    means = np.array([image.mean() for image in images])
    assert 0.05 < means.std() < 0.15
    assert 0.33 < means.mean() < 0.5
    colours = np.array([image.mean(axis=(1, 2)) for image in images])
    assert np.ptp(colours - colours.mean(axis=1, keepdims=True), axis=0).min() > 0.06
    thumbs = np.array([image[:, ::16, ::16].ravel() for image in images])
    distances = np.abs(thumbs[:, None] - thumbs[None]).mean(axis=2)
    assert distances[~np.eye(80, dtype=bool)].min() > 0.02


def test_scenes_have_the_spectrum_of_natural_images():
    """Amplitudes fall with frequency about like 1/f**a, a between 0.7 and 1.7."""
    slopes = []
    for name in scene_names("figure")[3:43]:
        grey = load_or_render_scene(name, height=128, width=128).mean(axis=0)
        power = np.abs(
            np.fft.fft2((grey - grey.mean()) * np.outer(np.hanning(128), np.hanning(128)))
        )
        radius = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
        bands = [(0.03, 0.06), (0.06, 0.12), (0.12, 0.24), (0.24, 0.48)]
        levels = [power[(radius >= low) & (radius < high)].mean() for low, high in bands]
        slopes.append(-np.polyfit(np.log2([low for low, _ in bands]), np.log2(levels), 1)[0])
    assert 0.7 < np.median(slopes) < 1.7


@pytest.mark.parametrize("name", one_of_each("figure"))
def test_layout_is_kept_at_another_size(name):
    small = load_or_render_scene(name, height=64, width=64)
    large = load_or_render_scene(name, height=128, width=128)
    halved = large.reshape(3, 64, 2, 64, 2).mean(axis=(2, 4))
    assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > 0.7


def test_unknown_names_are_refused():
    with pytest.raises(ParameterError, match="no split 'test' of scenes; choose one of train"):
        scene_names("test")
    for name in ("scene-figure-leaves-999", "scene-figure-photo-chelsea", "leaves", ""):
        with pytest.raises(ParameterError, match="lists the scenes"):
            load_or_render_scene(name, height=32, width=32)
    with pytest.raises(ParameterError, match="8x32 is too small"):
        load_or_render_scene(scene_names("figure")[0], height=8, width=32)


def test_any_key_draws_a_scene_of_its_own():
    size = {"height": 32, "width": 48}
    name = one_of_each("figure")[1]
    assert np.array_equal(
        render_procedural_scene("leaves", name, **size), load_or_render_scene(name, **size)
    )
    drawn = [
        render_procedural_scene(kind, key, **size) for kind in SCENE_KINDS for key in ("a", "b")
    ]
    assert len({image.tobytes() for image in drawn}) == len(drawn)
    with pytest.raises(ParameterError, match="no kind of scene 'photo'"):
        render_procedural_scene("photo", "a", **size)
    with pytest.raises(ParameterError, match="8x32 is too small"):
        render_procedural_scene("leaves", "a", height=8, width=32)
