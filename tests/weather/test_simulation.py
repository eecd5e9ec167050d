from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather import (
    FIGURED,
    RECIPES,
    Pair,
    degrade,
    scene_names,
    scene_of,
    simulate,
)

NAMES = tuple(RECIPES)
SMALL = (48, 64)
# SHA-256 of the 8-bit pixels (rainy, then clean) of pair 3 of each dataset at 48x64.
PINNED = {
    "sim-Rain200L": "b4f5416d743be2c67d8606535d7dcf9d17e5777b96e84c4cb1d3396c56638db3",
    "sim-Rain200H": "4457adb09a191e36400a741903abff971e307499d6f5f812b621b47d549456b8",
    "sim-Rain800": "bad22ed217843f8268af82b2479eb485d8244333cee8af136c03f4870eb58a58",
    "sim-DDN_1": "af922961a1839653bd410323f9ae6c4d5f66960f761e07a1dc3f5749ab3c0a7e",
    "sim-DDN_5": "d45b6e5102d034e23d3351fda70e555d75f881943f0650e4069d51add318cc42",
    "sim-GT-Rain": "b876284543a0ac6cfa4a48bd12850b8146fa4acf2ddd76fea93cb7a95dd704c0",
    "sim-GTAV-balance": "77f91f39c960686e81ed46f04235eef0c7c0e45b0f32fd51550e4053b4a0eb52",
    "sim-Snow": "d8e0a17540ebd0a47e410a0f2371ab61a4c7296028f423f2e5a046896728ddfb",
    "sim-Rain": "964a04cc65d15d932262269735c39acbded386468866b640cecd89ba5c4f4abb",
    "sim-Raindrop": "1339a7ffbf6254db0547099b3bb5c6b43255c0c771518d48e83179d1187868b7",
}


def sha(pair: Pair) -> str:
    pixels = np.stack([pair.rainy, pair.clean])
    return hashlib.sha256(np.rint(pixels * 255).astype(np.uint8).tobytes()).hexdigest()


def test_the_nine_datasets_of_the_figures_are_there():
    assert FIGURED == (
        "sim-Rain200H",
        "sim-Rain800",
        "sim-DDN_1",
        "sim-DDN_5",
        "sim-GT-Rain",
        "sim-GTAV-balance",
        "sim-Snow",
        "sim-Rain",
        "sim-Raindrop",
    )
    assert set(NAMES) - set(FIGURED) == {"sim-Rain200L"}
    assert all(recipe.name == name for name, recipe in RECIPES.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_lies_on_the_grid_of_8_bits(name):
    pair = simulate(name, 0, size=SMALL)
    for image in (pair.rainy, pair.clean):
        assert image.shape == (3, *SMALL)
        assert image.dtype == np.float32
        assert image.min() >= 0.0
        assert image.max() <= 1.0
        np.testing.assert_array_equal(image, (np.rint(image * 255.0) / 255.0).astype(np.float32))
    assert np.abs(pair.rainy - pair.clean).mean() > 1e-3
    assert pair.scene in scene_names("figure")


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bytes_and_other_seeds_differ(name):
    clean = simulate("sim-DDN_1", 7, size=SMALL).clean
    first, second = degrade(clean, name, seed=5), degrade(clean, name, seed=5)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert (degrade(clean, name, seed=6)[0] != first[0]).any()


@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_the_pinned_ones(name):
    assert sha(simulate(name, 3, size=SMALL)) == PINNED[name]


def test_pairs_do_not_depend_on_order_or_threads():
    jobs = [(name, index) for index in (2, 0) for name in NAMES]

    def one(job):
        return sha(simulate(*job, size=SMALL))

    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(one, jobs))
    assert threaded == [one(job) for job in jobs]


@pytest.mark.slow
def test_pixels_do_not_depend_on_the_process():
    code = (
        "import hashlib, numpy as np\n"
        "from rainmer_analysis.weather import simulate\n"
        "p = simulate('sim-GTAV-balance', 3, size=(48, 64))\n"
        "a = np.rint(np.stack([p.rainy, p.clean]) * 255).astype(np.uint8)\n"
        "print(hashlib.sha256(a.tobytes()).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == PINNED["sim-GTAV-balance"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_repeats_no_scene_within_500(name):
    for split in ("train", "figure"):
        scenes = [scene_of(name, index, split=split) for index in range(500)]
        assert len(set(scenes)) == 500
        assert set(scenes) <= set(scene_names(split))


def test_ddn_types_share_their_clean_images_and_others_do_not():
    first, fifth = (simulate(name, 4, size=SMALL) for name in ("sim-DDN_1", "sim-DDN_5"))
    assert first.scene == fifth.scene
    np.testing.assert_array_equal(first.clean, fifth.clean)
    assert (first.rainy != fifth.rainy).any()
    orders = {name: tuple(scene_of(name, i) for i in range(20)) for name in NAMES}
    assert len(set(orders.values())) == len(NAMES) - 1


def test_another_dataset_seed_gives_another_order():
    assert [scene_of("sim-Snow", i, seed=1) for i in range(9)] != [
        scene_of("sim-Snow", i, seed=2) for i in range(9)
    ]


@pytest.mark.parametrize("shape", [(64, 64), (65, 97), (321, 83), (16, 16)])
def test_any_size_of_image_can_be_degraded(shape):
    clean = np.random.default_rng(0).random((3, *shape)).astype(np.float32)
    for name in NAMES:
        rainy, partner = degrade(clean, name, seed=1)
        assert rainy.shape == partner.shape == clean.shape


def test_daytime_recipes_without_light_keep_the_clean_image():
    clean = simulate("sim-Snow", 1, size=SMALL).clean
    for name, recipe in RECIPES.items():
        if not recipe.light:
            np.testing.assert_array_equal(degrade(clean, name, seed=3)[1], clean)


def test_night_is_darker_than_the_scene():
    clean = simulate("sim-Snow", 1, size=SMALL).clean
    assert degrade(clean, "sim-GTAV-balance", seed=3)[1].mean() < 0.5 * clean.mean()


def test_wrong_requests_are_refused():
    good = np.zeros((3, 32, 32))
    with pytest.raises(ParameterError, match="no recipe 'sim-Hail'; choose one of sim-Rain200H"):
        degrade(good, "sim-Hail", seed=0)
    for shape in ((32, 32), (1, 32, 32), (3, 8, 32)):
        with pytest.raises(ParameterError, match="give \\[3, height, width\\] with sides from 16"):
            degrade(np.zeros(shape), "sim-Snow", seed=0)
    for value in (-0.1, 1.1, np.nan):
        with pytest.raises(ParameterError, match="divide 8-bit levels by 255"):
            degrade(np.full((3, 32, 32), value), "sim-Snow", seed=0)
    with pytest.raises(ParameterError, match="no pair number -1; count from 0"):
        simulate("sim-Snow", -1)
