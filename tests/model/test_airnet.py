"""AirNet's encoder: the published numbers, a second implementation, laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder, with_folded_batch_norms
from rainmer_analysis.model.checkpoint import build_encoder, load_weights
from tests.oracles import schema

SMALL = AirNetConfig(width=6, out=10)


def lively(*, seed: int = 0) -> AirNetEncoder:
    """Build a small encoder whose batch statistics are not the initial zeros and ones."""
    torch.manual_seed(seed)
    encoder = AirNetEncoder(SMALL)
    for _ in range(3):
        encoder(torch.rand(4, 3, 16, 16))
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return encoder.eval()


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 21, 34, generator=torch.Generator().manual_seed(3))


def largest(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return float((a.detach().double() - b.detach().double()).abs().max())


@pytest.mark.parametrize("size", ["64", "128", "odd"])
def test_gives_the_published_numbers(oracle: Path, size: str) -> None:
    encoder = build_encoder(load_weights(oracle / "airnet_cbde.pth"))
    with np.load(oracle / "airnet_cbde_io.npz") as arrays:
        with torch.inference_mode():
            output = encoder(torch.from_numpy(arrays[f"in_{size}"]))
        for name in ("fea", "out"):
            expected = torch.from_numpy(arrays[f"{name}_{size}"])
            assert largest(getattr(output, name), expected) <= 5e-6, name


def test_has_the_published_keys_and_shapes() -> None:
    ours = AirNetEncoder()
    found = {k: tuple(v.shape) for k, v in ours.state_dict().items()}
    assert found == schema.residual_encoder(64, 256)
    assert sum(p.numel() for p in ours.parameters()) == 1_319_936


def plainly(state: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Second implementation: the published operations, straight from the state dict."""

    def normed(y: Tensor, conv: str, norm: str, stride: int) -> Tensor:
        weight = state[f"{conv}.weight"]
        y = F.conv2d(y, weight, stride=stride, padding=weight.shape[-1] // 2)
        mean, variance = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        scale = state[f"{norm}.weight"] / (variance + 1e-5).sqrt()
        shift = state[f"{norm}.bias"] - mean * scale
        return y * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)

    def block(y: Tensor, key: str, stride: int) -> Tensor:
        z = F.leaky_relu(normed(y, f"{key}.backbone.0", f"{key}.backbone.1", stride), 0.1)
        z = normed(z, f"{key}.backbone.3", f"{key}.backbone.4", 1)
        short = normed(y, f"{key}.shortcut.0", f"{key}.shortcut.1", stride)
        return F.leaky_relu(z + short, 0.1)

    inter = block(x, "E_pre", 1)
    fea = block(block(inter, "E.0", 2), "E.1", 2).mean((2, 3))
    hidden = F.leaky_relu(F.linear(fea, state["mlp.0.weight"], state["mlp.0.bias"]), 0.1)
    return fea, F.linear(hidden, state["mlp.2.weight"], state["mlp.2.bias"]), inter


@torch.no_grad()
def test_agrees_with_a_second_implementation(images: Tensor) -> None:
    encoder = lively().double()
    output = encoder(images.double())
    fea, out, inter = plainly(encoder.state_dict(), images.double())
    assert largest(output.fea, fea) < 1e-12
    assert largest(output.out, out) < 1e-12
    assert largest(output.inter, inter) < 1e-12


@torch.no_grad()
def test_images_of_a_batch_do_not_meet_in_evaluation(images: Tensor) -> None:
    encoder = lively()
    assert largest(encoder(images).out[1:], encoder(images[1:]).out) < 1e-5
    encoder.train()
    assert largest(encoder(images).out[1:], encoder(images[1:]).out) > 1e-3


@torch.no_grad()
def test_normalisation_folds_into_convolutions(images: Tensor) -> None:
    encoder = lively().double()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    folded = with_folded_batch_norms(encoder)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    expected, found = encoder(images.double()), folded(images.double())
    for name in ("fea", "out", "inter"):
        assert largest(getattr(found, name), getattr(expected, name)) < 1e-12, name
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


@torch.no_grad()
def test_a_mirrored_network_sees_mirrored_images_alike() -> None:
    encoder = lively().double()
    # Odd sides: a stride of 2 then meets the same positions from either end.
    x = torch.rand(1, 3, 33, 17, generator=torch.Generator().manual_seed(1)).double()
    straight = encoder(x)
    for parameter in encoder.parameters():
        if parameter.ndim == 4:
            parameter.copy_(parameter.flip(3))
    mirrored = encoder(x.flip(3))
    assert largest(mirrored.inter, straight.inter.flip(3)) < 1e-12
    assert largest(mirrored.out, straight.out) < 1e-12


def test_low_precision_pools_in_float32(images: Tensor) -> None:
    encoder = lively()
    exact = encoder(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = encoder(images)
    assert output.fea.dtype == torch.float32
    assert largest(output.fea, exact.fea) < 0.05 * float(exact.fea.detach().abs().max())
    output.out.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())
    with torch.no_grad():
        assert lively().bfloat16()(images.bfloat16()).out.shape == (2, 10)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 1, 16, 16)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"AirNet's encoder .* give images as \[B, 3"):
        lively()(torch.zeros(shape))


@pytest.mark.parametrize("field", ["width", "out"])
def test_impossible_widths_are_refused(field: str) -> None:
    with pytest.raises(ParameterError, match=rf"{field} of AirNet's encoder is 0; give a whole"):
        AirNetConfig(**{field: 0})
