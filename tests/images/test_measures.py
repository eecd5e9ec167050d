from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2ycbcr

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.measures import brightness, density, psnr_y


@pytest.fixture
def pair():
    rng = np.random.default_rng(3)
    return rng.random((3, 12, 17)), rng.random((3, 12, 17))


def test_nothing_has_no_density_and_infinite_psnr(pair):
    assert density(pair[0], pair[0]) == 0.0
    assert psnr_y(pair[0], pair[0]) == float("inf")


def test_both_are_symmetric(pair):
    assert density(*pair) == pytest.approx(density(*pair[::-1]))
    assert psnr_y(*pair) == pytest.approx(psnr_y(*pair[::-1]))


def test_density_of_flat_images_is_the_formula():
    rainy, clean = np.full((3, 4, 4), 0.6), np.full((3, 4, 4), 0.2)
    rainy[1], clean[2] = 0.9, 0.3
    assert density(rainy, clean) == pytest.approx(0.7 / (0.9 + 0.3 + 1e-3))


def test_density_grows_with_the_rain(pair):
    clean = pair[0] * 0.5
    assert density(clean + 0.1, clean) < density(clean + 0.2, clean) < 1.0


def test_brightness_is_the_mean_level():
    assert brightness(np.full((3, 2, 5), 0.5)) == pytest.approx(127.5)
    assert brightness(np.ones((3, 2, 5), dtype=np.float32)) == pytest.approx(255.0)


def test_psnr_agrees_with_the_luma_of_skimage(pair):
    lumas = [rgb2ycbcr(image.transpose(1, 2, 0))[..., 0] for image in pair]
    expected = 10 * np.log10(255**2 / np.square(lumas[0] - lumas[1]).mean())
    assert psnr_y(*pair) == pytest.approx(expected, abs=1e-4)


def test_real_pairs_have_their_published_measures(shared):
    folder = shared / "images" / "check"
    with (folder / "PAIRS.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["input"].endswith(".png")][::20]
    assert rows

    def read(name):
        with Image.open(folder / name) as image:
            return np.asarray(image.convert("RGB")).transpose(2, 0, 1) / 255.0

    for row in rows:
        rainy, clean = read(row["input"]), read(row["target"])
        assert brightness(rainy) == pytest.approx(float(row["mean_in"]), abs=0.01)
        assert brightness(clean) == pytest.approx(float(row["mean_gt"]), abs=0.01)


def test_other_shapes_are_refused(pair):
    with pytest.raises(ParameterError, match=r"has the shape \(4, 4\); give \[3, height, width\]"):
        brightness(np.zeros((4, 4)))
    with pytest.raises(ParameterError, match="give equal shapes"):
        density(pair[0], pair[1][:, :, 1:])
    with pytest.raises(ParameterError, match="give equal shapes"):
        psnr_y(pair[0], pair[1][:, 1:])
