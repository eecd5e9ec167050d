"""Losses of restoration: published values, laws, gradients, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.train.restoration.pixel_losses import charbonnier_loss, mean_ssim, pixel_loss


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 3, 20, 27, generator=generator)
    return target + 0.1 * torch.randn(target.shape, generator=generator), target


@pytest.mark.parametrize(("size", "names"), [("small", "ab"), ("large", "AB")])
def test_the_published_values(oracle: Path, size: str, names: str) -> None:
    with np.load(oracle / "metrics_io.npz") as stored:
        one, two = (torch.from_numpy(stored[name]) for name in names)
        known = {key: float(stored[f"{key}_{size}"]) for key in ("trainssim", "charbonnier")}
    assert float(mean_ssim(one, two)) == pytest.approx(known["trainssim"], abs=1e-6)
    assert float(charbonnier_loss(one, two)) == pytest.approx(known["charbonnier"], abs=1e-7)
    expected = known["charbonnier"] + 0.1 * (1 - known["trainssim"])
    assert float(pixel_loss(one, two)) == pytest.approx(expected, abs=1e-6)


def test_equal_images(pair: tuple[Tensor, Tensor]) -> None:
    _, target = pair
    assert float(mean_ssim(target, target)) == pytest.approx(1, abs=1e-6)
    assert float(charbonnier_loss(target, target)) == pytest.approx(1e-3)
    assert float(pixel_loss(target, target)) == pytest.approx(1e-3, abs=1e-6)


def test_laws(pair: tuple[Tensor, Tensor]) -> None:
    image, target = pair
    for loss in (mean_ssim, charbonnier_loss):
        assert torch.isclose(loss(image, target), loss(target, image))
        one_by_one = torch.stack([loss(image[i : i + 1], target[i : i + 1]) for i in range(2)])
        assert torch.isclose(loss(image, target), one_by_one.mean())
    farther = target + 2 * (image - target)
    assert mean_ssim(farther, target) < mean_ssim(image, target) < 1
    assert charbonnier_loss(farther, target) > charbonnier_loss(image, target)
    assert pixel_loss(image, target, weight=0) == charbonnier_loss(image, target)
    large = charbonnier_loss(image + 5, target)
    assert torch.isclose(large, (image + 5 - target).abs().mean(), atol=1e-5)


def test_a_step_down_the_gradient_lowers_the_loss(pair: tuple[Tensor, Tensor]) -> None:
    image, target = pair[0].clone().requires_grad_(), pair[1]
    loss = pixel_loss(image, target)
    (slope,) = torch.autograd.grad(loss, image)
    assert slope.isfinite().all()
    assert pixel_loss(image.detach() - 10 * slope, target) < loss.detach()
    (at_rest,) = torch.autograd.grad(pixel_loss(image * 0 + target, target), image)
    assert at_rest.isfinite().all()


def test_gradients_of_the_similarity_are_those_of_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    image, target = torch.rand(2, 1, 3, 12, 12, generator=generator)
    way = torch.randn(image.shape, generator=generator)
    image.requires_grad_()
    (slope,) = torch.autograd.grad(mean_ssim(image, target), image)
    step = 1e-2
    with torch.no_grad():
        change = mean_ssim(image + step * way, target) - mean_ssim(image - step * way, target)
    assert float(change / (2 * step)) == pytest.approx(float((slope * way).sum()), rel=1e-2)


def test_autocast_loses_nothing(pair: tuple[Tensor, Tensor]) -> None:
    expected = mean_ssim(*pair)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = mean_ssim(*pair)
    assert found.dtype == torch.float32
    assert found == expected


def test_other_shapes_are_refused(pair: tuple[Tensor, Tensor]) -> None:
    image, target = pair
    for loss in (charbonnier_loss, mean_ssim, pixel_loss):
        with pytest.raises(ParameterError, match=r"give equal shapes \[B, C, H, W\]"):
            loss(image, target[..., 1:])
    with pytest.raises(ParameterError, match=r"images of shape \[3, 20, 27\]"):
        charbonnier_loss(image[0], target[0])
