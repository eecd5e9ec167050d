"""Copies and shared scenes among thumbnails."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from rainmer_analysis.auditing.luma_and_colour_thumbnails import (
    SHAPE,
    SIDE,
    luma_and_red_minus_blue,
    thumbnail_of_planes,
)
from rainmer_analysis.auditing.related_images import find_related_pairs
from rainmer_analysis.auditing.window_alignment import align_windows
from rainmer_analysis.auditing.window_descriptors import (
    describe_windows,
    mirrored_descriptors,
    window_boxes,
)
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather import degraded_and_clean, load_or_render_scene

KINDS = ("landscape", "skyline", "leaves", "textures")


def scene(number: int) -> np.ndarray:
    name = f"scene-figure-{KINDS[number % 4]}-{number:03d}"
    return load_or_render_scene(name, height=120, width=160)


def small(image: np.ndarray) -> np.ndarray:
    return thumbnail_of_planes(luma_and_red_minus_blue(image))


@pytest.fixture(scope="module")
def scenes() -> list[np.ndarray]:
    return [scene(number) for number in range(24)]


def test_different_scenes_are_not_related(scenes: list[np.ndarray]) -> None:
    assert find_related_pairs(np.stack([small(each) for each in scenes])) == []


@pytest.mark.parametrize(
    ("change", "relation", "flip", "cut"),
    [
        (lambda image: image[:, 12:108, 20:150], "copy", False, True),
        (lambda image: image[:, :, ::-1], "copy", True, False),
        (lambda image: image[:, 8:110, 6:140][:, :, ::-1], "copy", True, True),
        (lambda image: image.repeat(2, axis=1).repeat(2, axis=2), "copy", False, False),
        (lambda image: degraded_and_clean(image, "sim-Rain200H", seed=3)[0], "scene", False, False),
        (lambda image: degraded_and_clean(image, "sim-DDN_5", seed=3)[0], "scene", False, False),
        (lambda image: degraded_and_clean(image, "sim-Snow", seed=3)[0], "scene", False, False),
    ],
)
def test_planted_kin_is_found_alone(
    scenes: list[np.ndarray], change: object, relation: str, flip: bool, cut: bool
) -> None:
    chosen = (0, 5)
    others = [change(scenes[at]) for at in chosen]  # type: ignore[operator]
    found = find_related_pairs(np.stack([small(each) for each in (*scenes, *others)]))
    assert [(each.first, each.second) for each in found] == [(0, 24), (5, 25)]
    assert {each.relation for each in found} == {relation}
    assert {each.mirrored for each in found} == {flip}
    assert {each.is_cropped for each in found} == {cut}


def test_the_window_of_a_crop_is_told(scenes: list[np.ndarray]) -> None:
    crop = scenes[0][:, 30:110, 24:136]
    (found,) = find_related_pairs(np.stack([small(scenes[0]), small(crop)]))
    assert found.within == 0
    assert found.window == pytest.approx((30 / 120, 24 / 160, 80 / 120, 112 / 160), abs=0.012)
    (other,) = find_related_pairs(np.stack([small(crop), small(scenes[0])]))
    assert other.within == 1
    assert other.window == pytest.approx(found.window, abs=0.012)


def test_answers_do_not_depend_on_order_beyond_names(scenes: list[np.ndarray]) -> None:
    images = [small(each) for each in (*scenes[:9], scenes[2][:, :, ::-1], scenes[4][:, 5:, 9:])]
    plain = {(each.first, each.second) for each in find_related_pairs(np.stack(images))}
    turned = {
        (len(images) - 1 - each.second, len(images) - 1 - each.first)
        for each in find_related_pairs(np.stack(images[::-1]))
    }
    assert plain == turned == {(2, 9), (4, 10)}


def lit_night(number: int) -> np.ndarray:
    """Return a dark scene with one bright lamp, which all of them have at the same place."""
    rows, columns = np.mgrid[:120, :160]
    lamp = np.exp(-((rows - 40) ** 2 + (columns - 90) ** 2) / 60)
    return np.clip(0.1 * scene(number) + lamp, 0, 1).astype(np.float32)


def test_one_lamp_does_not_make_two_nights_one_scene() -> None:
    nights = np.stack([small(lit_night(number)) for number in range(8)])
    first, second = nights[:1], nights[1:2]
    aligned = align_windows(first, second, [(0.0, 0.0, 1.0, 1.0)])
    assert aligned.correlation[0] > 0.8  # the lamp's
    assert aligned.compressed[0] < 0.6
    assert find_related_pairs(nights, clean=np.ones(8, bool)) == []


def test_what_is_known_to_be_clean_must_agree_by_more(scenes: list[np.ndarray]) -> None:
    rain = [degraded_and_clean(scenes[4], "sim-Rain200H", seed=seed)[0] for seed in (1, 2)]
    images = np.stack([small(each) for each in (scenes[4], *rain, scenes[4])])
    unknown = find_related_pairs(images)
    assert {(each.first, each.second) for each in unknown} == set(combinations(range(4), 2))
    known = {(each.first, each.second) for each in find_related_pairs(images, clean=[True] * 4)}
    assert (0, 3) in known
    assert (1, 2) not in known
    one = find_related_pairs(images, clean=[True, False, False, False])
    assert [(each.first, each.second) for each in one] == [
        (each.first, each.second) for each in unknown
    ]


def test_images_without_contrast_are_not_related() -> None:
    flat = np.full((3, *SHAPE), 128, np.uint8)
    flat[1] = 0
    assert find_related_pairs(flat) == []


def test_mirroring_a_thumbnail_changes_signs_alone(scenes: list[np.ndarray]) -> None:
    images = np.stack([small(each) for each in scenes[:4]])
    own = describe_windows(images, whole_only=True)
    assert own.shape == (4, 35)
    turned = describe_windows(images[..., ::-1], whole_only=True)
    assert np.allclose(mirrored_descriptors(own), turned, atol=1e-5)
    assert np.allclose(np.linalg.norm(own, axis=1), 1, atol=1e-5)


def test_a_window_is_described_as_its_crop_would_be(scenes: list[np.ndarray]) -> None:
    image = small(scenes[1])
    windows = describe_windows(image[None])[0]
    assert len(windows) == len(window_boxes())
    assert np.allclose(windows[0], describe_windows(image[None], whole_only=True)[0], atol=1e-5)
    at = len(windows) // 2
    top, left, height, width = window_boxes()[at]
    rows = np.arange(SIDE * 8)  # eighths of cells, so that whole ones meet the window
    fine = np.kron(image[0], np.ones((8, 8), np.uint8))
    part = fine[
        np.ix_(
            (rows >= top * SIDE * 8 - 0.5) & (rows < (top + height) * SIDE * 8 - 0.5),
            (rows >= left * SIDE * 8 - 0.5) & (rows < (left + width) * SIDE * 8 - 0.5),
        )
    ].astype(np.float32)
    grey = np.repeat(part[None] / np.float32(255), 3, axis=0)
    crop = describe_windows(
        thumbnail_of_planes(luma_and_red_minus_blue(grey))[None], whole_only=True
    )[0]
    assert float(crop @ windows[at]) > 0.995


def test_as_many_marks_of_clean_photographs_as_thumbnails() -> None:
    thumbnails = np.zeros((3, 2, 96, 96), np.uint8)
    with pytest.raises(ParameterError, match=r"clean has shape \(2,\) beside 3 thumbnails"):
        find_related_pairs(thumbnails, clean=[True, False])
