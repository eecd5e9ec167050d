"""Sub-pixel registration of pairs: known motions, laws, and weather that must not move it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from scipy.ndimage import shift as moved

from rainmer_analysis.auditing.luma_and_colour_thumbnails import luma_and_red_minus_blue
from rainmer_analysis.auditing.registration import Registration
from rainmer_analysis.auditing.registration import try_to_register_pair as register_planes
from rainmer_analysis.weather import degraded_and_clean, load_or_render_scene

SIZE = (128, 160)


def scene(number: int) -> np.ndarray:
    return load_or_render_scene(
        f"scene-figure-landscape-{number:03d}", height=SIZE[0], width=SIZE[1]
    )


def register(image: np.ndarray, partner: np.ndarray) -> Registration | None:
    return register_planes(luma_and_red_minus_blue(image), luma_and_red_minus_blue(partner))


@pytest.fixture(scope="module")
def pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    names = {"streaks": "sim-Rain200H", "veil": "sim-GT-Rain", "night": "sim-GTAV-balance"}
    return {kind: degraded_and_clean(scene(3), name, seed=5) for kind, name in names.items()}


@pytest.mark.parametrize("kind", ["streaks", "veil", "night"])
@pytest.mark.parametrize("way", [(0.0, 0.0), (0.5, 0.0), (-0.35, 0.35), (1.0, 0.0), (-3.0, 2.0)])
def test_shifts_are_found_under_weather(
    pairs: dict[str, tuple[np.ndarray, np.ndarray]], kind: str, way: tuple[float, float]
) -> None:
    degraded, clean = pairs[kind]
    right, down = way
    partner = moved(clean, (0, down, right), order=3, mode="nearest").astype(np.float32)
    found = register(degraded, partner)
    assert found is not None
    # the partner's content has gone right, so that the image shows it further left
    assert found.right == pytest.approx(-right, abs=max(0.12, 4 * found.error))
    assert found.down == pytest.approx(-down, abs=max(0.12, 4 * found.error))
    assert (found.displacement >= max(0.25, 4 * found.error)) == (way != (0.0, 0.0))


def test_exchanging_the_two_turns_the_shift_round() -> None:
    image = scene(7)
    partner = np.roll(image, (2, -5), axis=(1, 2))
    one, two = register(image, partner), register(partner, image)
    assert one is not None
    assert two is not None
    assert (one.right, one.down) == pytest.approx((-two.right, -two.down), abs=0.1)
    assert one.right == pytest.approx(5, abs=0.1)


def test_an_image_lies_exactly_on_itself() -> None:
    found = register(scene(1), scene(1))
    assert found is not None
    assert found.displacement == pytest.approx(0, abs=1e-3)
    assert found.correlation == pytest.approx(1, abs=1e-4)


def test_large_shifts_are_found() -> None:
    image = scene(9)
    found = register(image, np.roll(image, (17, 26), axis=(1, 2)))
    assert found is not None
    assert (found.right, found.down) == pytest.approx((-26, -17), abs=0.1)


def test_resized_content_is_found() -> None:
    image = scene(11)
    scale = 1.02
    middle = (np.array(SIZE) - 1) / 2
    partner = np.stack(
        [affine_transform(plane, np.eye(2) * scale, middle - middle * scale) for plane in image]
    ).astype(np.float32)
    found = register(image, partner)
    assert found is not None
    assert found.scale == pytest.approx(scale, abs=0.004)
    assert found.displacement == pytest.approx(0.02 * np.hypot(*SIZE) / 2, rel=0.25)


def test_other_scenes_do_not_correlate() -> None:
    found = register(scene(2), scene(4))
    assert found is None or abs(found.correlation) < 0.3


def test_flat_and_small_images_are_not_registered() -> None:
    flat = np.full((3, 64, 64), 0.5, np.float32)
    assert register(flat, flat) is None
    small = np.random.default_rng(0).random((3, 24, 64), dtype=np.float32)
    assert register(small, small) is None
