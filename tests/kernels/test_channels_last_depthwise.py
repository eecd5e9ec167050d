"""Depthwise convolution of strips against torch's, and stages against the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rainmer_analysis.infer.kernels import StripExpertStages
from rainmer_analysis.kernels.channels_last_depthwise import (
    STRIP_ROWS,
    convolve_strip_depthwise,
    pack_depthwise_kernels,
)
from rainmer_analysis.kernels.packed_products import flat_memory
from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder

LAYERS = [(1, 1), (3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2)]
CHANNELS, MARGIN = 32, 7
# what rounding leaves: of inputs, weights and the result in bfloat16, of up to 49 sums in float32
ERRORS = {torch.float32: 2e-6, torch.bfloat16: 0.02}


def strip(x: torch.Tensor, weights: list[torch.Tensor], width: int) -> torch.Tensor:
    """Convolve the first strip of a map [height, width, channels] with all layers."""
    dtype, pitch = x.dtype, width + 6
    whole = torch.zeros(2 * MARGIN + len(x), pitch, CHANNELS, dtype=dtype)
    whole[MARGIN : MARGIN + len(x), :width] = x
    placed = [pack_depthwise_kernels(weight, CHANNELS, dtype).flatten() for weight in weights]
    starts = np.cumsum([0, *(len(each) for each in placed[:-1])])
    plan = np.array([(*layer, start) for layer, start in zip(LAYERS, starts, strict=True)])
    y = torch.full((STRIP_ROWS, pitch, len(LAYERS), CHANNELS), 9, dtype=dtype)
    shape = width, pitch, len(LAYERS), CHANNELS
    w, apart = torch.cat(placed).numpy(), (0, CHANNELS)
    convolve_strip_depthwise(
        flat_memory(whole), MARGIN * pitch, shape, plan, w, apart, flat_memory(y)
    )
    assert bool((y[:, width:] == 9).all())
    return y[:, :width]


@pytest.mark.parametrize("dtype", list(ERRORS))
@pytest.mark.parametrize("width", [8, 9, 23, 64])
def test_agrees_with_the_direct_sum(dtype: torch.dtype, width: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(STRIP_ROWS + 6, width, CHANNELS).to(dtype)
    weights = [torch.randn(CHANNELS, 1, side, side) / side for side, _ in LAYERS]
    found = strip(x, weights, width)
    whole = x.double().permute(2, 0, 1)
    for slot, ((side, dilation), weight) in enumerate(zip(LAYERS, weights, strict=True)):
        how = {"padding": dilation * (side // 2), "dilation": dilation, "groups": CHANNELS}
        expected = F.conv2d(whole, weight.double(), **how).permute(1, 2, 0)[:STRIP_ROWS]
        error = (found[:, :, slot].double() - expected).abs().max()
        assert float(error) < ERRORS[dtype] * float(expected.abs().max())


@pytest.mark.parametrize("dtype", list(ERRORS))
def test_nan_stays_and_stays_where_it_is(dtype: torch.dtype) -> None:
    for sign in (1, -1):
        x = torch.ones(STRIP_ROWS + 6, 20, CHANNELS).to(dtype)
        x[3, 5, 2] = torch.copysign(torch.tensor(torch.nan), torch.tensor(float(sign)))
        found = strip(x, [torch.ones(CHANNELS, 1, side, side) for side, _ in LAYERS], 20)
        places = torch.isnan(found[..., 0, :]).nonzero().tolist()
        assert [3, 5, 2] in places
        assert all(row == 3 and channel == 2 for row, _, channel in places)
        assert bool(torch.isnan(found[3, 5, :, 2]).all())


@pytest.mark.parametrize("size", [(8, 8), (13, 21), (17, 130)])
@pytest.mark.parametrize("dim", [12, 16, 20])
def test_stages_are_those_of_the_network(size: tuple[int, int], dim: int) -> None:
    torch.manual_seed(3)
    encoder = RainmerEncoder(EncoderConfig(dim=dim, base_dim=16))
    stages = encoder.MoEs.expert_stages
    with torch.inference_mode():
        entered, gates = torch.rand(2, dim, *size), torch.rand(2, 4, 8).softmax(2)
        expected = entered.double()
        for number, stage in enumerate(stages.double().stages):
            expected = stage(expected, gates[:, number].double())
        strips = StripExpertStages(stages.float(), torch.float32)
        for _ in range(2):  # what the first pass left behind must not matter
            found = strips(entered, gates)
            scale = float(expected.abs().max())
            assert float((found - expected).abs().max()) < 2e-6 * scale


@pytest.mark.parametrize("dim", [12, 16])
@pytest.mark.parametrize("place", ["map", "gate"])
def test_what_is_not_finite_ends_with_its_image(dim: int, place: str) -> None:
    torch.manual_seed(3)
    stages = RainmerEncoder(EncoderConfig(dim=dim, base_dim=16)).MoEs.expert_stages
    strips = StripExpertStages(stages, torch.float32)
    with torch.inference_mode():
        entered, gates = torch.rand(2, dim, 9, 20), torch.rand(2, 4, 8).softmax(2)
        expected = strips(entered, gates)[1]
        (entered[0, 3] if place == "map" else gates[0, 2])[4:6] = torch.nan
        found = strips(entered, gates)
    assert bool(torch.isnan(found[0]).any())
    assert torch.equal(found[1], expected)


def test_pairs_are_told_from_single_taps(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.randn(5, 1, 3, 3).bfloat16().float()
    single = pack_depthwise_kernels(weight, 16, torch.float32)
    assert single.shape == (3, 3, 16)
    assert torch.equal(single[:, :, :5].permute(2, 0, 1), weight[:, 0])
    assert not bool(single[:, :, 5:].any())
    monkeypatch.setattr("rainmer_analysis.kernels.channels_last_depthwise.BFLOAT16", True)
    pairs = pack_depthwise_kernels(weight, 16, torch.bfloat16)
    assert pairs.shape == (3, 2, 16)
    taps = pairs.contiguous().view(torch.bfloat16).view(3, 2, 16, 2).transpose(2, 3).flatten(1, 2)
    assert torch.equal(taps[:, :3].float(), single)
    assert not bool(taps[:, 3].any())
