"""The folded encoder is the encoder: same vectors in every width, size and precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer.kernels import StripExpertStages, WinogradProjectors
from rainmer_analysis.model.checkpoint import build_encoder, load_weights
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig, RainmerEncoder
from rainmer_analysis.model.folded_encoder import (
    FoldedEncoder,
    FoldedOutput,
    mean_3x3_neighbourhood,
)

VIEWS = ("chromatic", "degradation")


def lively(config: EncoderConfig) -> RainmerEncoder:
    """Give an encoder whose views differ and whose gates are far from even."""
    torch.manual_seed(4)
    encoder = RainmerEncoder(config)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.mul_(1.5).add_(0.02 * torch.randn_like(parameter))
    return encoder


def folded(encoder: RainmerEncoder, dtype: torch.dtype, *, kernels: bool) -> FoldedEncoder:
    if not kernels:
        return FoldedEncoder(encoder, dtype=dtype)
    stages = StripExpertStages(encoder.MoEs.expert_stages, dtype)
    towers = WinogradProjectors(encoder.projectors, dtype)
    return FoldedEncoder(encoder, dtype=dtype, stages=stages, projectors=towers)


def vectors(output: FoldedOutput) -> dict[str, torch.Tensor]:
    return {view: getattr(output, f"{view}_z") for view in VIEWS}


@pytest.mark.parametrize("size", ["64", "128", "odd"])
@pytest.mark.parametrize("kernels", [False, True])
def test_gives_the_published_numbers(oracle: Path, size: str, kernels: bool) -> None:
    encoder = build_encoder(load_weights(oracle / "rainmer_encoder.pth"))
    with np.load(oracle / "rainmer_encoder_io.npz") as arrays, torch.inference_mode():
        output = folded(encoder, torch.float32, kernels=kernels)(
            torch.from_numpy(arrays[f"in_{size}"])
        )
        for view, found in vectors(output).items():
            np.testing.assert_allclose(found, arrays[f"z_{view}_{size}"], rtol=0, atol=2e-6)


@pytest.mark.parametrize("kernels", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (21, 34)])
@torch.inference_mode()
def test_equals_the_plain_network(size: tuple[int, int], kernels: bool) -> None:
    encoder = lively(WIDTHS["quarter"])
    images = torch.rand(3, 3, *size)
    expected = encoder(images)
    output = folded(encoder, torch.float32, kernels=kernels)(images)
    for view, found in vectors(output).items():
        assert float((found - getattr(expected, f"{view}_z")).abs().max()) < 1e-6


@torch.inference_mode()
def test_is_exact_in_float64() -> None:
    """Folding is algebra: what remains in float64 is rounding."""
    encoder = lively(EncoderConfig(dim=6, base_dim=16, gate_hidden=5, se_hidden=3)).double()
    images = torch.rand(2, 3, 11, 17, dtype=torch.float64)
    expected = encoder(images)
    form = FoldedEncoder(encoder, dtype=torch.float64)
    assert float((form.local_features(images) - expected.location).abs().max()) < 1e-13
    for view, found in vectors(form(images)).items():
        assert float((found - getattr(expected, f"{view}_z")).abs().max()) < 1e-13


@pytest.mark.parametrize("kernels", [False, True])
@torch.inference_mode()
def test_bfloat16_keeps_the_direction(kernels: bool) -> None:
    encoder = lively(WIDTHS["quarter"])
    images = torch.rand(4, 3, 64, 64) ** 2
    expected = encoder(images)
    output = folded(encoder, torch.bfloat16, kernels=kernels)(images)
    for view, found in vectors(output).items():
        assert found.dtype == torch.float32
        exact = getattr(expected, f"{view}_z")
        assert float((found * exact).sum(1).min()) > 0.9995
        assert float((found - exact).abs().max()) > 0


@pytest.mark.parametrize("kernels", [False, True])
@torch.inference_mode()
def test_autocast_changes_nothing(kernels: bool) -> None:
    """Each part has the type that it is stated to have, the gate float32."""
    form = folded(lively(WIDTHS["quarter"]), torch.bfloat16, kernels=kernels)
    images = torch.rand(2, 3, 24, 24)
    alone = vectors(form(images))
    with torch.autocast("cpu", torch.bfloat16):
        within = vectors(form(images))
    assert all(torch.equal(alone[view], within[view]) for view in VIEWS)


@torch.inference_mode()
def test_the_network_is_copied() -> None:
    encoder = lively(WIDTHS["quarter"])
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    images = torch.rand(1, 3, 16, 16)
    form = folded(encoder, torch.float32, kernels=True)
    first = form(images).chromatic_z
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    for parameter in encoder.parameters():
        parameter.zero_()
    assert torch.equal(form(images).chromatic_z, first)


def test_the_mean_of_a_convolution_follows_from_windows() -> None:
    x, weight = torch.rand(2, 5, 9, 14).double(), torch.rand(7, 5, 3, 3).double()
    expected = F.conv2d(x, weight, padding=1).mean((2, 3))
    found = mean_3x3_neighbourhood(x).flatten(1) @ weight.flatten(1).T
    assert float((found - expected).abs().max()) < 1e-12


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 4, 16, 16), (1, 3, 7, 64)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    form = FoldedEncoder(RainmerEncoder(WIDTHS["quarter"]))
    with pytest.raises(ParameterError, match="whose sides have at least 8 pixels"):
        form(torch.zeros(shape))
