"""Functions of vectors against PyTorch in float64, and rectified convolutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rainmer_analysis.kernels.hcw_maps import (
    NATIVE,
    convolve_channel_and_relu,
    elementwise_functions,
    first_pixel_and_strides,
    padded_zero_maps,
    pixels_view,
)
from rainmer_analysis.kernels.numba_decorators import compiled

EDGES = [-200.0, 200.0, -90.0, 90.0, 0.0, -0.0, 88.0, 1e-30]


@compiled
def _apply(x, y, out, which):  # type: ignore[no-untyped-def]
    one, half, two = np.float32(1.0), np.float32(0.5), np.float32(2.0)
    for i in range(0, len(x), NATIVE):
        if which == 0:
            elementwise_functions.inverse_sqrt((out,), (i,), (one, half))
        elif which == 1:
            elementwise_functions.add_gelu((x, out), (i, i), (half, two))
        elif which == 2:
            elementwise_functions.sigmoid((out,), (i,), (half,))
        elif which == 3:
            elementwise_functions.add_silu((x, out), (i, i), (half, one, two))
        else:
            elementwise_functions.fuse_by_gates((x, y, out), (i, i, i), (half,))


@pytest.mark.parametrize("which", range(5))
def test_functions(which: int) -> None:
    rng = np.random.default_rng(which)
    count = 40 * NATIVE
    x, y, z = (rng.normal(size=count).astype(np.float32) for _ in range(3))
    x *= 10
    x[: len(EDGES)] = EDGES
    z[len(EDGES) :] *= 3
    if which == 0:
        z = np.abs(z)
    out = z.copy()
    _apply(x, y, out, which)
    a, b, c = (torch.from_numpy(each).double() for each in (x, y, z))
    expected = (
        (c + 0.5).rsqrt(),
        c + 2 * F.gelu(a + 0.5),
        torch.sigmoid(c + 0.5),
        c + 2 * F.silu(0.5 * a + 1),
        torch.sigmoid(a * c) * b + torch.sigmoid(0.5 * b) * c,
    )[which].numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("side", [3, 5])
def test_rectified_convolutions_of_two_maps(side: int) -> None:
    size, rng = (13, 21), np.random.default_rng(side)
    x, y = padded_zero_maps(2, size), padded_zero_maps(1, size)
    pixels_view(x, size)[:] = rng.normal(size=(2, *size))
    weight = torch.randn(1, 2, side, side)
    taps, (start, row, plane), goal = (
        weight.flatten().numpy(),
        first_pixel_and_strides(x),
        first_pixel_and_strides(y),
    )
    given = x.reshape(-1), start, row, taps, 0, side, y.reshape(-1), goal[0], goal[1], size
    convolve_channel_and_relu(*given, False)
    pixels = torch.from_numpy(pixels_view(x, size).copy())
    expected = F.relu(F.conv2d(pixels[:1], weight[:, :1], padding=side // 2))
    np.testing.assert_allclose(pixels_view(y, size), expected, atol=1e-4)
    given = (x.reshape(-1), start + plane, row, taps, side * side, side, *given[6:])
    convolve_channel_and_relu(*given, True)
    second = F.conv2d(pixels[1:], weight[:, 1:], padding=side // 2)
    np.testing.assert_allclose(pixels_view(y, size), F.relu(expected + second), atol=1e-4)
