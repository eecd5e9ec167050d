"""3 x 3 convolutions of HCW maps and their gradients, by Winograd's F(4, 3) along the columns.

Four rows of outputs need six products instead of twelve (Lavin and Gray, CVPR 2016). Along the rows
the kernel stays as it is, so that the transforms only add rows, and vectors hold neighbours. All
that lies between the transforms of four rows stays in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.kernels.hcw_maps.vector_code import COLUMNS
from rainmer_analysis.kernels.hcw_maps.winograd_blocks_1d import (
    TALL,
    TAPS,
    add_gradient_four,
    add_gradient_single,
    add_gradient_tall,
    multiply_four,
    multiply_single,
    multiply_tall,
    next_block_rows,
)
from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.winograd_tiles_2d import KERNEL_TRANSFORM

__all__ = [
    "ROWS",
    "add_transformed_kernel_gradient",
    "convolve_3x3",
    "transform_back_kernel_gradients",
    "transform_kernels_1d",
    "winograd_workspace",
]

ROWS = 4  # of outputs that are made at once
_PLACES = 6  # rows that they become between the transforms


def _round_up_to_columns(channels: int) -> int:
    return -(-channels // COLUMNS) * COLUMNS


def transform_kernels_1d(weight: Tensor) -> Tensor:
    """Transform kernels [outputs, inputs, 3, 3] to [6, 3, inputs, outputs]."""
    g = torch.tensor(KERNEL_TRANSFORM, dtype=weight.dtype)
    return torch.einsum("ai,ocij->ajco", g, weight).contiguous()


def transform_back_kernel_gradients(sums: Tensor, outputs: int) -> Tensor:
    """Return [outputs, inputs, 3, 3] of sums of `add_transformed_kernel_gradient`."""
    g = torch.tensor(KERNEL_TRANSFORM, dtype=sums.dtype)
    return torch.einsum("ai,ajco->ocij", g, sums[..., :outputs]).contiguous()


def winograd_workspace(inputs: int, outputs: int, pitch: int) -> tuple[Any, ...]:
    """Return memory for what lies between the transforms of a layer with at most so many channels.

    Inputs and outputs of four rows, [6, channels, pitch] each and one number more around, and
    transposed outputs, [6, pitch, channels].
    """
    before = np.zeros((_PLACES * inputs + 2) * pitch, np.float32)
    after = np.zeros(_PLACES * outputs * pitch, np.float32)
    turned = np.zeros(_PLACES * pitch * _round_up_to_columns(outputs), np.float32)
    return before, after, turned


@compiled
def _transform_input_rows(source, first_row, first_channel, inputs, width, out, pitch):  # type: ignore[no-untyped-def]
    plane = inputs * pitch
    for channel in range(inputs):
        at = pitch + channel * pitch
        lines = source[first_row : first_row + _PLACES, first_channel + channel, :width]
        v0, v1, v2 = out[at:], out[at + plane :], out[at + 2 * plane :]
        v3, v4, v5 = out[at + 3 * plane :], out[at + 4 * plane :], out[at + 5 * plane :]
        for i in range(width):
            d0, d1, d2 = lines[0, i], lines[1, i], lines[2, i]
            d3, d4, d5 = lines[3, i], lines[4, i], lines[5, i]
            a, b = d4 - np.float32(4) * d2, d3 - np.float32(4) * d1
            c, e = d4 - d2, np.float32(2) * (d3 - d1)
            v0[i] = np.float32(4) * d0 - np.float32(5) * d2 + d4
            v1[i] = a + b
            v2[i] = a - b
            v3[i] = c + e
            v4[i] = c - e
            v5[i] = np.float32(4) * d1 - np.float32(5) * d3 + d5


@compiled
def _transform_output_rows(  # type: ignore[no-untyped-def]
    products, outputs, pitch, bias, target, first_row, first_channel, size, add
):
    """Transform products back to up to four rows of maps, from `first_row` on."""
    plane, width = outputs * pitch, size[1]
    rows = min(ROWS, size[0])
    for channel in range(outputs):
        at, shift = channel * pitch, bias[channel]
        m0, m1, m2 = products[at:], products[at + plane :], products[at + 2 * plane :]
        m3, m4, m5 = (
            products[at + 3 * plane :],
            products[at + 4 * plane :],
            products[at + 5 * plane :],
        )
        for line in range(rows):
            goal = target[first_row + line, first_channel + channel]
            s = np.float32(1 << line)  # 1, 2, 4, 8
            sign = np.float32(1 - 2 * (line % 2))
            head = np.float32(1 if line == 0 else 0)
            tail = np.float32(1 if line == ROWS - 1 else 0)
            old = np.float32(1 if add else 0)
            for i in range(width):
                total = m1[i] + sign * m2[i] + s * (m3[i] + sign * m4[i])
                total += head * m0[i] + tail * m5[i] + shift
                goal[i] = total + old * goal[i]


@compiled
def _transform_gradient_rows(gradient, first_row, first_channel, outputs, size, out, wide, pitch):  # type: ignore[no-untyped-def]
    plane = pitch * wide
    for channel in range(outputs):
        source = gradient[first_row : first_row + ROWS, first_channel + channel]
        for i in range(size[1]):
            y0, y1, y2, y3 = source[0, i], source[1, i], source[2, i], source[3, i]
            at = i * wide + channel
            even, odd = y0 + y2, y1 + y3
            steep, steeper = y0 + np.float32(4) * y2, np.float32(2) * y1 + np.float32(8) * y3
            out[at] = y0
            out[at + plane] = even + odd
            out[at + 2 * plane] = even - odd
            out[at + 3 * plane] = steep + steeper
            out[at + 4 * plane] = steep - steeper
            out[at + 5 * plane] = y3


@compiled
def convolve_3x3(  # type: ignore[no-untyped-def]
    source, source_channels, kernels, bias, target, target_channels, size, workspace, add
):
    """Convolve maps with 3 x 3 kernels.

    Parameters
    ----------
    source, source_channels
        Maps [rows, channels, pitch] with zeros around; their first row and channel, and how many
        channels to take.
    kernels, bias
        Flat, as `transform_kernels_1d` gives them, and a number for each output.
    target, target_channels
        Written inside the map, as for `source`.
    size
        Height and width.
    workspace
        As `winograd_workspace` gives it.
    add
        Whether the result is added to what is there.
    """
    above, first, inputs = source_channels
    top, to, outputs = target_channels
    before, after = workspace[0], workspace[1]
    pitch, width = source.shape[2], size[1]
    for row in range(0, size[0], ROWS):
        _transform_input_rows(source, above + row - 1, first, inputs, width, before, pitch)
        for place in range(_PLACES):
            start, found = pitch + place * inputs * pitch - 1, place * outputs * pitch
            matrix = place * TAPS * inputs * outputs
            for column in range(0, width, COLUMNS):
                out = 0
                while out < outputs:
                    rows = next_block_rows(outputs - out)
                    at, goal = matrix + out, found + out * pitch + column
                    if rows == TALL:
                        multiply_tall(
                            kernels, at, outputs, before, start + column, pitch, inputs, after, goal
                        )
                    elif rows == 4:
                        multiply_four(
                            kernels, at, outputs, before, start + column, pitch, inputs, after, goal
                        )
                    else:
                        multiply_single(
                            kernels, at, outputs, before, start + column, pitch, inputs, after, goal
                        )
                    out += rows
        left = (size[0] - row, width)
        _transform_output_rows(after, outputs, pitch, bias, target, top + row, to, left, add)


@compiled
def add_transformed_kernel_gradient(  # type: ignore[no-untyped-def]
    source, source_channels, grad, grad_channels, size, workspace, sums
):
    """Add the gradient with respect to the transformed kernels of `convolve_3x3`.

    Parameters
    ----------
    source, source_channels
        The input, as for `convolve_3x3`.
    grad, grad_channels
        The gradient with respect to the output, likewise.
    size, workspace
        As for `convolve_3x3`.
    sums
        Added to: flat [6, 3, inputs, outputs filled up to whole blocks].
    """
    above, first, inputs = source_channels
    top, from_, outputs = grad_channels
    before, turned = workspace[0], workspace[2]
    pitch, width = source.shape[2], size[1]
    wide = -(-outputs // COLUMNS) * COLUMNS
    for row in range(0, size[0], ROWS):
        _transform_input_rows(source, above + row - 1, first, inputs, width, before, pitch)
        _transform_gradient_rows(grad, top + row, from_, outputs, size, turned, wide, pitch)
        for place in range(_PLACES):
            for tap in range(TAPS):
                start = pitch + place * inputs * pitch + tap - 1
                out = (place * TAPS + tap) * inputs * wide
                for column in range(0, wide, COLUMNS):
                    other = place * pitch * wide + column
                    k = 0
                    while k < inputs:
                        rows = next_block_rows(inputs - k)
                        at, goal = start + k * pitch, out + k * wide + column
                        if rows == TALL:
                            add_gradient_tall(
                                before, at, pitch, turned, other, wide, width, sums, goal
                            )
                        elif rows == 4:
                            add_gradient_four(
                                before, at, pitch, turned, other, wide, width, sums, goal
                            )
                        else:
                            add_gradient_single(
                                before, at, pitch, turned, other, wide, width, sums, goal
                            )
                        k += rows
