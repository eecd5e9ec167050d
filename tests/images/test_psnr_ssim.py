"""PSNR and SSIM in both senses: published values, a second implementation, laws, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2ycbcr
from skimage.metrics import structural_similarity

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.image_and_pair_measures import luma, psnr_y
from rainmer_analysis.images.psnr_ssim import QUALITIES, psnr, rainmer_ssim, ssim


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    target = rng.random((3, 40, 52))
    target[:] = np.sort(target, axis=2)
    return np.clip(target + 0.05 * rng.standard_normal(target.shape), 0, 1), target


@pytest.mark.parametrize(("size", "names"), [("small", "ab"), ("large", "AB")])
def test_the_published_codes_values(oracle, size, names):
    with np.load(oracle / "metrics_io.npz") as stored:
        one, two = (stored[name][0] for name in names)
        assert psnr_y(one, two) == pytest.approx(float(stored[f"psnr_{size}"]), abs=1e-5)
        assert rainmer_ssim(one, two) == pytest.approx(float(stored[f"ssim_{size}"]), abs=1e-6)
        assert (abs(ssim(one, two) - rainmer_ssim(one, two)) < 1e-3) == (size == "small")


def second_ssim(one: np.ndarray, two: np.ndarray) -> float:
    """SSIM as its definition says, window by window."""
    axis = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(axis, axis) / axis.sum() ** 2
    found = []
    for top in range(one.shape[0] - 10):
        for left in range(one.shape[1] - 10):
            x, y = (each[top : top + 11, left : left + 11] for each in (one, two))
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            both = (window * (x - mx) * (y - my)).sum()
            c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
            found.append(
                (2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
            )
    return float(np.mean(found))


def test_the_literatures_values_from_their_definition(images):
    lumas = [
        np.rint(rgb2ycbcr(np.rint(each * 255).astype(np.uint8).transpose(1, 2, 0))[..., 0])
        for each in images
    ]
    expected = 10 * np.log10(255**2 / np.square(lumas[0] - lumas[1]).mean())
    assert psnr(*images) == pytest.approx(expected, abs=1e-9)
    assert ssim(*images) == pytest.approx(second_ssim(*lumas), abs=1e-9)


@pytest.mark.parametrize(("side", "square"), [(383, 1), (384, 2), (640, 2), (641, 3)])
def test_pooling_by_the_short_side_over_256_rounded_half_to_even(side, square):
    rng = np.random.default_rng(1)
    target = np.repeat(rng.random((3, 1, 660)), side, axis=1)
    noisy = np.clip(target + 0.1 * rng.standard_normal(target.shape), 0, 1)
    planes = [luma(each) for each in (noisy, target)]
    height, width = side // square, 660 // square
    by_hand = [
        np.mean(
            [
                plane[i : height * square : square, j : width * square : square]
                for i in range(square)
                for j in range(square)
            ],
            axis=0,
        )
        for plane in planes
    ]
    expected = structural_similarity(
        *by_hand, data_range=255, gaussian_weights=True, use_sample_covariance=False
    )
    assert rainmer_ssim(noisy, target) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", QUALITIES)
def test_laws(images, name):
    quality, (image, target) = QUALITIES[name], images
    best = np.inf if name.endswith("psnr") else 1.0
    assert quality(target, target) == best
    assert quality(image, target) == pytest.approx(quality(target, image))
    farther = np.clip(target + 3 * (image - target), 0, 1)
    assert quality(farther, target) < quality(image, target) < best
    turned = [np.ascontiguousarray(each[:, ::-1, ::-1].transpose(0, 2, 1)) for each in images]
    assert quality(*turned) == pytest.approx(quality(image, target), abs=1e-9)


def test_an_8_bit_file_changes_the_literatures_values_not_at_all(images):
    stored = [np.rint(each * 255).astype(np.uint8).astype(np.float32) / 255 for each in images]
    assert psnr(*stored) == psnr(*images)
    assert ssim(*stored) == ssim(*images)
    assert psnr_y(*stored) != psnr_y(*images)


def test_one_level_of_grey():
    """Grey 100 against 101: luma 101.88 and 102.74 round to 102 and 103."""
    one, two = np.full((3, 16, 16), 100 / 255), np.full((3, 16, 16), 101 / 255)
    assert psnr(one, two) == pytest.approx(10 * np.log10(255**2))
    assert psnr_y(one, two) == pytest.approx(20 * np.log10(255 / 0.858824), abs=1e-4)


@pytest.mark.parametrize("name", QUALITIES)
def test_other_shapes_are_refused(images, name):
    with pytest.raises(ParameterError, match="give equal shapes"):
        QUALITIES[name](images[0], images[1][:, 1:])


def test_images_smaller_than_the_window_are_refused(images):
    small = [each[:, :10] for each in images]
    for quality in (ssim, rainmer_ssim):
        with pytest.raises(ParameterError, match=r"but the images have 52x10; give sides from 11"):
            quality(*small)
    assert np.isfinite(psnr(*small))
