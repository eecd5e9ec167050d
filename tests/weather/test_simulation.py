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
    degraded_and_clean,
    scene_names,
    scene_of_pair,
    simulate,
)

NAMES = tuple(RECIPES)
SMALL = (48, 64)
# SHA-256 of the 8-bit pixels (rainy, then clean) of pair 3 of each dataset at 48x64.
PINNED = {
    "sim-Rain200L": "9d6bdcee6ac558bd285c407d10d6a1164e9163dd0a254093740a0b480a159bb2",
    "sim-Rain200H": "ffc83340de9c00824529b40e644247bbbf47cdf9d66fc77f59837ae8abd74460",
    "sim-Rain800": "bab57d3c5b37d47355f4ab976f35404977ccd8b16f2f4730296be91b53ed43bb",
    "sim-DDN_1": "44678f0ec72e623bea1e3443a29be1317eb5d43441661b093ba84a6ea25da785",
    "sim-DDN_5": "f47dbf478fe2bdbdbb001e38d94239785461c8f9a89d7985803995c4511b6f3c",
    "sim-GT-Rain": "3b36faf5eca2467cfc85b372bb9d65e4c651ef75d484e6b577304771d4d332ce",
    "sim-GTAV-balance": "82747852ab0d1037a7209bf6c49600448eb0535f03f16e0002bd6ff34a19eaf2",
    "sim-Snow": "7e20e67caf6c3a23abe2f2f371fab4951110bcb6a6f0661591db02a6e424b3b6",
    "sim-Rain": "19e4a5928c4217db53c77f3649db82c649b4f1ef6d6459a1ec03606c1f9ace24",
    "sim-Raindrop": "ccf0f296b94818a9a68e29f2500fc41ebc055f4b45e6741c704d75f64fc018aa",
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
    first, second = degraded_and_clean(clean, name, seed=5), degraded_and_clean(clean, name, seed=5)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert (degraded_and_clean(clean, name, seed=6)[0] != first[0]).any()


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
        scenes = [scene_of_pair(name, index, split=split) for index in range(500)]
        assert len(set(scenes)) == 500
        assert set(scenes) <= set(scene_names(split))


def test_ddn_types_share_their_clean_images_and_others_do_not():
    first, fifth = (simulate(name, 4, size=SMALL) for name in ("sim-DDN_1", "sim-DDN_5"))
    assert first.scene == fifth.scene
    np.testing.assert_array_equal(first.clean, fifth.clean)
    assert (first.rainy != fifth.rainy).any()
    orders = {name: tuple(scene_of_pair(name, i) for i in range(20)) for name in NAMES}
    assert len(set(orders.values())) == len(NAMES) - 1


def test_another_dataset_seed_gives_another_order():
    assert [scene_of_pair("sim-Snow", i, seed=1) for i in range(9)] != [
        scene_of_pair("sim-Snow", i, seed=2) for i in range(9)
    ]


@pytest.mark.parametrize("shape", [(64, 64), (65, 97), (321, 83), (16, 16)])
def test_any_size_of_image_can_be_degraded(shape):
    clean = np.random.default_rng(0).random((3, *shape)).astype(np.float32)
    for name in NAMES:
        rainy, partner = degraded_and_clean(clean, name, seed=1)
        assert rainy.shape == partner.shape == clean.shape


def test_daytime_recipes_without_light_keep_the_clean_image():
    clean = simulate("sim-Snow", 1, size=SMALL).clean
    for name, recipe in RECIPES.items():
        if not recipe.light:
            np.testing.assert_array_equal(degraded_and_clean(clean, name, seed=3)[1], clean)


def test_night_is_darker_than_the_scene():
    clean = simulate("sim-Snow", 1, size=SMALL).clean
    nights = [
        degraded_and_clean(clean, "sim-GTAV-balance", seed=seed)[1].mean() for seed in range(9)
    ]
    assert max(nights) < 0.9 * clean.mean()
    assert np.median(nights) < 0.4 * clean.mean()


def test_wrong_requests_are_refused():
    good = np.zeros((3, 32, 32))
    with pytest.raises(ParameterError, match="no recipe 'sim-Hail'; choose one of sim-Rain200H"):
        degraded_and_clean(good, "sim-Hail", seed=0)
    for shape in ((32, 32), (1, 32, 32), (3, 8, 32)):
        with pytest.raises(ParameterError, match="give \\[3, height, width\\] with sides from 16"):
            degraded_and_clean(np.zeros(shape), "sim-Snow", seed=0)
    for value in (-0.1, 1.1, np.nan):
        with pytest.raises(ParameterError, match="divide 8-bit levels by 255"):
            degraded_and_clean(np.full((3, 32, 32), value), "sim-Snow", seed=0)
    with pytest.raises(ParameterError, match="no pair number -1; count from 0"):
        simulate("sim-Snow", -1)
