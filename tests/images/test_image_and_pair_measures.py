from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from skimage.color import rgb2ycbcr

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.image_and_pair_measures import (
    brightness,
    entropy,
    non_monochromaticity,
    psnr_y,
    rain_density,
    vertical_gradient,
)


@pytest.fixture
def pair():
    rng = np.random.default_rng(3)
    return rng.random((3, 12, 17)), rng.random((3, 12, 17))


def test_nothing_has_no_density_and_infinite_psnr(pair):
    assert rain_density(pair[0], pair[0]) == 0.0
    assert psnr_y(pair[0], pair[0]) == float("inf")


def test_both_are_symmetric(pair):
    assert rain_density(*pair) == pytest.approx(rain_density(*pair[::-1]))
    assert psnr_y(*pair) == pytest.approx(psnr_y(*pair[::-1]))


def test_density_of_flat_images_is_the_formula():
    rainy, clean = np.full((3, 4, 4), 0.6), np.full((3, 4, 4), 0.2)
    rainy[1], clean[2] = 0.9, 0.3
    assert rain_density(rainy, clean) == pytest.approx(0.7 / (0.9 + 0.3 + 1e-3))


def test_density_grows_with_the_rain(pair):
    clean = pair[0] * 0.5
    assert rain_density(clean + 0.1, clean) < rain_density(clean + 0.2, clean) < 1.0


def test_brightness_is_the_mean_level():
    assert brightness(np.full((3, 2, 5), 0.5)) == pytest.approx(127.5)
    assert brightness(np.ones((3, 2, 5), dtype=np.float32)) == pytest.approx(255.0)


def test_psnr_agrees_with_the_luma_of_skimage(pair):
    lumas = [rgb2ycbcr(image.transpose(1, 2, 0))[..., 0] for image in pair]
    expected = 10 * np.log10(255**2 / np.square(lumas[0] - lumas[1]).mean())
    assert psnr_y(*pair) == pytest.approx(expected, abs=1e-4)


@pytest.fixture
def levels():
    """A pair on whole levels with rain on some pixels, none on others, and 8 exactly on one."""
    rng = np.random.default_rng(4)
    clean = rng.integers(0, 180, (3, 9, 11))
    rain = rng.integers(-60, 70, (3, 9, 11)) * (rng.random((9, 11)) < 0.5)
    rainy = np.clip(clean + rain, 0, 255)
    rainy[:, 2, 3] = clean[:, 2, 3] + 8
    return rainy, clean


def test_entropy_is_that_of_a_histogram(levels):
    rainy, _ = levels
    counts = [np.histogram(channel, bins=16, range=(0, 256))[0] for channel in rainy]
    expected = np.mean([stats.entropy(count, base=2) for count in counts])
    assert entropy(rainy / 255.0) == pytest.approx(expected, abs=1e-12)
    assert entropy((rainy / 255.0).astype(np.float32)) == pytest.approx(expected, abs=1e-12)


def test_entropy_of_one_level_and_of_all():
    assert entropy(np.full((3, 8, 8), 0.4)) == 0.0
    assert entropy(np.broadcast_to(np.arange(256.0) / 255.0, (3, 2, 256))) == pytest.approx(4.0)


def test_measures_of_the_rain_layer_agree_with_loops(levels):
    rainy, clean = levels
    steps, spreads = [], []
    for row in range(rainy.shape[1]):
        for column in range(rainy.shape[2]):
            here = [int(rainy[c, row, column] - clean[c, row, column]) for c in range(3)]
            if max(map(abs, here)) <= 8:
                continue
            middle = sum(here) / 3
            spreads.append((sum((value - middle) ** 2 for value in here) / 3) ** 0.5)
            if row + 1 < rainy.shape[1]:
                below = [
                    int(rainy[c, row + 1, column] - clean[c, row + 1, column]) for c in (0, 1, 2)
                ]
                steps.append(sum(abs(b - h) for b, h in zip(below, here, strict=True)) / 3)
    for kind in (np.float64, np.float32):
        pair = (rainy / 255.0).astype(kind), (clean / 255.0).astype(kind)
        assert vertical_gradient(*pair) == pytest.approx(np.mean(steps), rel=1e-4)
        assert non_monochromaticity(*pair) == pytest.approx(np.mean(spreads), rel=1e-4)


def test_rain_too_weak_has_no_gradient_and_no_colour():
    clean = np.full((3, 6, 6), 100 / 255)
    for change in (0, 8):
        rainy = clean + change / 255
        assert np.isnan(vertical_gradient(rainy, clean))
        assert np.isnan(non_monochromaticity(rainy, clean))
    assert vertical_gradient(clean + 9 / 255, clean) == pytest.approx(0.0, abs=1e-9)


def test_grey_rain_is_monochromatic(pair):
    clean = pair[0] * 0.5
    grey = clean + 0.4 * pair[1][:1]
    assert non_monochromaticity(grey, clean) == pytest.approx(0.0, abs=1e-9)
    assert non_monochromaticity(clean + 0.4 * pair[1], clean) > 10.0
    assert vertical_gradient(grey, clean) > 10.0


# Pairs at hand whose measures are published, as row numbers of SynRain's arrays. The measured
# files were JPEG of quality 75; ours are PNG.
PUBLISHED = {
    "check/bsd_streaks/Rain100H-test/{}/10.png": 9570,
    "check/bsd_streaks/Rain100H-test/{}/14.png": 5412,
    "check/bsd_streaks/Rain100H-test/{}/15.png": 13703,
    "train/bsd_streaks/Rain200H-train/{}/norain-12.png": 7080,
}


@pytest.mark.parametrize(("file", "row"), PUBLISHED.items())
def test_measures_are_the_published_ones(shared, file, row):
    def read(role):
        stored = io.BytesIO()
        with Image.open(shared / "images" / file.format(role)) as image:
            image.convert("RGB").save(stored, "JPEG", quality=75)
        with Image.open(stored) as image:
            return np.asarray(image).transpose(2, 0, 1) / 255.0

    rainy, clean = read("input"), read("target")
    published = np.load(shared / "measured" / "SynRain_properties.npz")
    ours = {
        "gt_entropies": (entropy(clean), 0.004),
        "rain_entropies": (entropy(rainy), 0.004),
        "y_gradients": (vertical_gradient(rainy, clean), 0.03),
        "gt_illus": (brightness(clean), 0.2),
        "rain_illus": (brightness(rainy), 0.2),
        "non_monos": (non_monochromaticity(rainy, clean), 0.01),
        "psnrs": (psnr_y(rainy, clean), 0.1),
    }
    for name, (value, tolerance) in ours.items():
        assert value == pytest.approx(float(published[name][row]), abs=tolerance), name


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
        rain_density(pair[0], pair[1][:, :, 1:])
    with pytest.raises(ParameterError, match="give equal shapes"):
        psnr_y(pair[0], pair[1][:, 1:])
