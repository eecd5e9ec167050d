"""AirNet's encoder by kernels against the network in float64."""

from __future__ import annotations

import copy

import pytest
import torch

from rainmer_analysis.infer.kernels import WinogradAirNet
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder


def network(width: int) -> AirNetEncoder:
    """Make an encoder whose batch normalisation does something."""
    torch.manual_seed(5)
    encoder = AirNetEncoder(AirNetConfig(width=width, out=24)).eval()
    for name, values in encoder.state_dict().items():
        if "running" in name:
            values.copy_(torch.rand_like(values) + 0.5)
    return encoder


@pytest.mark.parametrize("size", [(8, 8), (13, 21), (64, 37)])
@pytest.mark.parametrize("width", [6, 16])
def test_answers_as_the_network_does(size: tuple[int, int], width: int) -> None:
    encoder, x = network(width), torch.rand(2, 3, *size)
    with torch.inference_mode():
        expected = copy.deepcopy(encoder).double()(x.double())
        exact = WinogradAirNet(encoder, torch.float32)
        for _ in range(2):  # what the first pass left behind must not matter
            found = exact(x)
            for name in ("fea", "out"):
                theirs = getattr(expected, name)
                error = (getattr(found, name).double() - theirs).abs().max()
                assert float(error) < 5e-6 * float(theirs.abs().max())
        fast = WinogradAirNet(encoder, torch.bfloat16)(x)
        cosine = torch.cosine_similarity(fast.fea.double(), expected.fea, dim=1)
        assert float(cosine.min()) > 0.9995
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(WinogradAirNet(encoder, torch.bfloat16)(x).out, fast.out)


def test_what_is_not_finite_stays_with_its_image() -> None:
    encoder, x = WinogradAirNet(network(6), torch.float32), torch.rand(3, 3, 24, 24)
    with torch.inference_mode():
        expected = encoder(x)
        x[1, 0, 3, 3] = torch.nan
        found = encoder(x)
    assert bool(torch.isnan(found.fea[1]).any())
    for row in (0, 2):
        assert torch.equal(found.fea[row], expected.fea[row])
