"""Kernels of HCW maps against PyTorch's convolutions and products in float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.kernels.hcw_maps import (
    channel_products,
    hcw_depthwise,
    hcw_winograd_1d_and_gradients,
)
from rainmer_analysis.kernels.hcw_maps.hcw_memory import (
    ABOVE,
    first_pixel_and_strides,
    padded_zero_maps,
    pixels_view,
)
from rainmer_analysis.kernels.hcw_maps.vector_code import COLUMNS, NATIVE

SIZES = [(9, 8), (16, 32), (21, 50)]
Array = npt.NDArray[np.float32]


def filled(channels: int, size: tuple[int, int], seed: int) -> tuple[Array, Tensor]:
    """Draw maps, as the kernels take them and as float64 [channels, H, W]."""
    maps = padded_zero_maps(channels, size)
    drawn = np.random.default_rng(seed).normal(size=(channels, *size)).astype(np.float32)
    pixels_view(maps, size)[:] = drawn
    return maps, torch.from_numpy(drawn).double()


def pixels(maps: Array, size: tuple[int, int]) -> Tensor:
    return torch.from_numpy(pixels_view(maps, size).copy()).double()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [3, 5, 7])
@pytest.mark.parametrize("dilation", [1, 2])
def test_depthwise_kernels(side: int, dilation: int, size: tuple[int, int]) -> None:
    (x, exact), (g, outer), (y, before) = (filled(1, size, seed) for seed in range(3))
    weight = torch.randn(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    flat = weight.detach().float().flatten().numpy()
    padding = dilation * (side // 2)
    expected = F.conv2d(exact[None], weight, padding=padding, dilation=dilation)[0]
    start, row, _ = first_pixel_and_strides(x)
    given = x.reshape(-1), start, row, flat, 0, (side, dilation), y.reshape(-1), start, row, size
    hcw_depthwise.convolve_channel(*given, True)
    torch.testing.assert_close(pixels(y, size), expected.detach() + before, rtol=1e-4, atol=1e-4)
    hcw_depthwise.convolve_channel(*given, False)
    torch.testing.assert_close(pixels(y, size), expected.detach(), rtol=1e-4, atol=1e-4)
    sums = np.zeros(side * side * NATIVE, np.float32)
    form = (side, dilation)
    hcw_depthwise.add_depthwise_gradient(
        x.reshape(-1), start, row, g.reshape(-1), start, row, form, size, sums, 0
    )
    expected.backward(outer)
    found = torch.from_numpy(sums).view(1, 1, side, side, NATIVE).double().sum(-1)
    torch.testing.assert_close(found, weight.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("outputs", "inputs"), [(12, 12), (7, 9), (1, 3), (24, 28)])
def test_products_over_channels(outputs: int, inputs: int, size: tuple[int, int]) -> None:
    (x, exact), (g, outer) = filled(inputs, size, 0), filled(outputs, size, 1)
    matrix = torch.randn(outputs, inputs, dtype=torch.float64, requires_grad=True)
    flat = matrix.detach().float().flatten().numpy()
    expected = torch.einsum("oi,ihw->ohw", matrix, exact)
    y = padded_zero_maps(outputs, size)
    form = (0, inputs, 1, outputs, inputs)
    given = (
        flat,
        form,
        x.reshape(-1),
        first_pixel_and_strides(x),
        y.reshape(-1),
        first_pixel_and_strides(y),
        size,
    )
    channel_products.multiply_channels(*given, channel_products.STORE)
    torch.testing.assert_close(pixels(y, size), expected.detach(), rtol=1e-4, atol=1e-4)
    channel_products.multiply_channels(*given, channel_products.ADD)
    torch.testing.assert_close(pixels(y, size), 2 * expected.detach(), rtol=1e-4, atol=1e-4)
    channel_products.multiply_channels(*given, channel_products.STORE_RELU)
    torch.testing.assert_close(pixels(y, size), expected.detach().relu(), rtol=1e-4, atol=1e-4)
    sums = np.zeros(outputs * inputs * NATIVE, np.float32)
    counts = (outputs, inputs)
    channel_products.add_outer_products(
        g.reshape(-1),
        first_pixel_and_strides(g),
        x.reshape(-1),
        first_pixel_and_strides(x),
        counts,
        size,
        sums,
        0,
    )
    expected.backward(outer)
    found = torch.from_numpy(sums).view(outputs, inputs, NATIVE).double().sum(-1)
    torch.testing.assert_close(found, matrix.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("outputs", "inputs"), [(12, 13), (7, 9)])
def test_products_of_panels(outputs: int, inputs: int, size: tuple[int, int]) -> None:
    """Panels hold the columns of all inputs block by block, with zeros behind the last column."""
    height, width = size
    _, exact = filled(inputs, size, 0)
    wide = F.pad(exact.float(), (0, -width % COLUMNS))
    panels = wide.view(inputs, height, -1, COLUMNS).permute(1, 2, 0, 3).contiguous().numpy()
    matrix = torch.randn(outputs, inputs, dtype=torch.float64)
    expected = torch.einsum("oi,ihw->ohw", matrix, exact)
    y = padded_zero_maps(outputs, size)
    given = (
        matrix.float().flatten().numpy(),
        (0, inputs, 1, outputs, inputs),
        panels.reshape(-1),
        (0, panels[0].size),
        y.reshape(-1),
        first_pixel_and_strides(y),
        size,
    )
    channel_products.multiply_channels_in_panels(*given, channel_products.STORE)
    torch.testing.assert_close(pixels(y, size), expected, rtol=1e-4, atol=1e-4)
    assert not y[ABOVE : ABOVE + height, :, width:].any()


@pytest.mark.parametrize("width", [1, 10, 122, 250, 512])
def test_channels_do_not_compete_for_a_place_of_a_cache(width: int) -> None:
    maps = padded_zero_maps(3, (2, width))
    assert maps.shape[2] // NATIVE % 2 == 1
    assert maps.shape[2] % NATIVE == 0
    assert maps.ctypes.data % 64 == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("outputs", "inputs"), [(32, 12), (16, 32), (5, 3), (12, 20)])
def test_convolutions_by_winograd(outputs: int, inputs: int, size: tuple[int, int]) -> None:
    (x, exact), (g, outer) = filled(inputs, size, 0), filled(outputs, size, 1)
    weight = torch.randn(outputs, inputs, 3, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(outputs, dtype=torch.float64)
    expected = F.conv2d(exact[None], weight, bias, padding=1)[0]
    y = padded_zero_maps(outputs, size)
    kernels = (
        hcw_winograd_1d_and_gradients.transform_kernels_1d(weight.detach().float())
        .flatten()
        .numpy()
    )
    memory = hcw_winograd_1d_and_gradients.winograd_workspace(inputs, outputs, x.shape[2])
    source, target = (ABOVE, 0, inputs), (ABOVE, 0, outputs)
    given = x, source, kernels, bias.float().numpy(), y, target, size, memory
    hcw_winograd_1d_and_gradients.convolve_3x3(*given, False)
    torch.testing.assert_close(pixels(y, size), expected.detach(), rtol=1e-3, atol=1e-3)
    hcw_winograd_1d_and_gradients.convolve_3x3(*given, True)
    torch.testing.assert_close(pixels(y, size), 2 * expected.detach(), rtol=1e-3, atol=1e-3)
    wide = -(-outputs // COLUMNS) * COLUMNS
    sums = np.zeros((6, 3, inputs, wide), np.float32)
    hcw_winograd_1d_and_gradients.add_transformed_kernel_gradient(
        x, source, g, target, size, memory, sums.reshape(-1)
    )
    expected.backward(outer)
    found = hcw_winograd_1d_and_gradients.transform_back_kernel_gradients(
        torch.from_numpy(sums), outputs
    )
    torch.testing.assert_close(found.double(), weight.grad, rtol=1e-3, atol=1e-3)
