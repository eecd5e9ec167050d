"""Winograd's convolution against the direct sum, and the projectors against the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.infer.kernels import WinogradProjectors
from rainmer_analysis.kernels.packed_products import flat_memory
from rainmer_analysis.kernels.winograd_tiles_2d import (
    _transform_input_line,
    _transform_output_line,
    allocate_transformed_tiles,
    transform_input_tiles,
    transform_kernels_2d,
    transform_output_tiles,
)
from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder


def convolved(x: Tensor, weight: Tensor, *, dtype: torch.dtype, slope: float) -> tuple:
    """Pass a map [C, H, W], H and W multiples of 4, through both transforms."""
    channels, height, width = x.shape
    outputs, tiles = len(weight), height * width // 16
    source = torch.zeros(height + 2, width + 2, channels, dtype=dtype)
    source[1:-1, 1:-1] = x.permute(1, 2, 0)
    target = torch.zeros(height + 2, width + 2, outputs, dtype=dtype)
    before = allocate_transformed_tiles(tiles * channels, dtype)
    shape = (height // 4, width // 4)
    transform_input_tiles(
        flat_memory(source), channels, 0, shape, flat_memory(before), before.shape[1]
    )
    taken = before[:, : tiles * channels].unflatten(1, (tiles, channels))
    after = torch.bmm(taken, transform_kernels_2d(weight).to(dtype))
    sums = np.zeros(outputs, np.float32)
    one, zero = np.ones(outputs, np.float32), np.zeros(outputs, np.float32)
    how = (2 * one, zero + 0.25, zero + np.float32(slope), sums)
    transform_output_tiles(
        flat_memory(after), tiles * outputs, 0, shape, how, None, flat_memory(target)
    )
    return target.float().permute(2, 0, 1), sums


def test_one_dimension_is_the_direct_sum_in_whole_numbers() -> None:
    """Transforms of a line alone, in exact arithmetic: 24 times the three-point convolution."""
    g = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]])
    random = np.random.default_rng(0)
    for _ in range(20):
        d, w = random.integers(-9, 10, 6), random.integers(-9, 10, 3)
        found = _transform_output_line(
            [a * b for a, b in zip(_transform_input_line(list(d)), g @ w, strict=True)]
        )
        assert found == [24 * int(d[i : i + 3] @ w) for i in range(4)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("dtype", "typical", "largest"), [(torch.float32, 1.3e-6, 5e-5), (torch.bfloat16, 0.03, 0.8)]
)
def test_agrees_with_the_direct_sum(
    dtype: torch.dtype, typical: float, largest: float, seed: int
) -> None:
    """Root mean square and largest of 11,520 errors, in units of the outputs' spread.

    The transforms weigh by up to 8 and cancel, which costs a digit. Over 40 seeds the errors were
    at most 1.07e-6 and 2.8e-5 in float32, where the direct sum's largest was 2.0e-6, and 0.027 and
    0.50 in bfloat16.
    """
    torch.manual_seed(seed)
    x, weight = torch.randn(32, 12, 20), torch.randn(48, 32, 3, 3) / 17
    expected = F.conv2d(x[None].double(), weight.double(), padding=1)[0]
    spread = 2 * float(expected.std())
    expected = F.leaky_relu(2 * expected + 0.25, 0.1)
    found, sums = convolved(x, weight, dtype=dtype, slope=0.1)
    assert found.shape == (48, 14, 22)
    error = (found[:, 1:-1, 1:-1].double() - expected).abs() / spread
    assert float(error.square().mean().sqrt()) < typical
    assert float(error.max()) < largest
    within = 5e-4 if dtype == torch.float32 else 5  # of 240 pixels; measured: 2.0e-4 and 2.9
    np.testing.assert_allclose(sums, expected.sum((1, 2)), rtol=0, atol=within)
    border = found.clone()
    border[:, 1:-1, 1:-1] = 0
    assert float(border.abs().max()) == 0


@pytest.mark.parametrize("size", [(8, 8), (13, 21), (64, 130), (9, 300)])
@pytest.mark.parametrize("config", [EncoderConfig(dim=12, base_dim=32), EncoderConfig(16, 24)])
def test_projectors_are_those_of_the_network(config: EncoderConfig, size: tuple[int, int]) -> None:
    torch.manual_seed(2)
    encoder = RainmerEncoder(config)
    with torch.inference_mode():
        for parameter in encoder.Atom.parameters():
            parameter.mul_(1.5).add_(0.05 * torch.randn_like(parameter))
        location = torch.rand(2, config.dim, *size)
        towers = WinogradProjectors(encoder.projectors, torch.float32)
        for _ in range(2):  # what the first pass left behind must not matter
            found = towers(location)
            for pooled, projector in zip(found, encoder.projectors, strict=True):
                expected = projector.double()(location.double()).mean((2, 3))
                scale = float(expected.abs().max())
                assert float((pooled - expected).abs().max()) < 5e-6 * scale
                projector.float()
