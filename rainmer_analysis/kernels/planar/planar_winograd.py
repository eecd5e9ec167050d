"""3 x 3 convolutions of planar maps and their gradients, by Winograd's F(4, 3) along the columns.

Four rows of outputs need six products instead of twelve (Lavin and Gray, CVPR 2016). Along the rows
the kernel stays as it is, so that the transforms only add rows, and vectors hold neighbours. All
that lies between the transforms of four rows stays in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.kernels.planar.vector_code import COLUMNS
from rainmer_analysis.kernels.planar.winograd_blocks import (
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
from rainmer_analysis.kernels.simd_vectors import compiled
from rainmer_analysis.kernels.winograd_tiles import KERNEL_TRANSFORM

__all__ = [
    "ROWS",
    "add_kernel_gradient",
    "convolve_3x3",
    "transformed_kernels",
    "untransform_kernel_gradients",
    "winograd_workspace",
]

ROWS = 4  # of outputs that are made at once
_PLACES = 6  # rows that they become between the transforms


def _round_up_to_columns(channels: int) -> int:
    return -(-channels // COLUMNS) * COLUMNS


def transformed_kernels(weight: Tensor) -> Tensor:
    """Transform kernels [outputs, inputs, 3, 3] to [6, 3, inputs, outputs]."""
    g = torch.tensor(KERNEL_TRANSFORM, dtype=weight.dtype)
    return torch.einsum("ai,ocij->ajco", g, weight).contiguous()


def untransform_kernel_gradients(sums: Tensor, outputs: int) -> Tensor:
    """Transform sums of `add_kernel_gradient`, [6, 3, inputs, ...], to [outputs, inputs, 3, 3]."""
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
def _transform_input_rows(x, row, first, inputs, width, before, pitch):  # type: ignore[no-untyped-def]
    """Transform six rows of maps, from `row` on, to `before`."""
    plane = inputs * pitch
    for channel in range(inputs):
        at = pitch + channel * pitch
        source = x[row : row + _PLACES, first + channel, :width]
        v0, v1, v2 = before[at:], before[at + plane :], before[at + 2 * plane :]
        v3, v4, v5 = before[at + 3 * plane :], before[at + 4 * plane :], before[at + 5 * plane :]
        for i in range(width):
            d0, d1, d2 = source[0, i], source[1, i], source[2, i]
            d3, d4, d5 = source[3, i], source[4, i], source[5, i]
            a, b = d4 - np.float32(4) * d2, d3 - np.float32(4) * d1
            c, e = d4 - d2, np.float32(2) * (d3 - d1)
            v0[i] = np.float32(4) * d0 - np.float32(5) * d2 + d4
            v1[i] = a + b
            v2[i] = a - b
            v3[i] = c + e
            v4[i] = c - e
            v5[i] = np.float32(4) * d1 - np.float32(5) * d3 + d5


@compiled
def _transform_output_rows(after, outputs, pitch, bias, y, row, first, size, onto):  # type: ignore[no-untyped-def]
    """Transform products back to up to four rows of maps, from `row` on."""
    plane, width = outputs * pitch, size[1]
    rows = min(ROWS, size[0])
    for channel in range(outputs):
        at, shift = channel * pitch, bias[channel]
        m0, m1, m2 = after[at:], after[at + plane :], after[at + 2 * plane :]
        m3, m4, m5 = after[at + 3 * plane :], after[at + 4 * plane :], after[at + 5 * plane :]
        for line in range(rows):
            target = y[row + line, first + channel]
            s = np.float32(1 << line)  # 1, 2, 4, 8
            sign = np.float32(1 - 2 * (line % 2))
            head = np.float32(1 if line == 0 else 0)
            tail = np.float32(1 if line == ROWS - 1 else 0)
            old = np.float32(1 if onto else 0)
            for i in range(width):
                total = m1[i] + sign * m2[i] + s * (m3[i] + sign * m4[i])
                total += head * m0[i] + tail * m5[i] + shift
                target[i] = total + old * target[i]


@compiled
def _transform_gradient_rows(g, row, first, outputs, size, turned, wide, pitch):  # type: ignore[no-untyped-def]
    """Transform up to four rows of gradients, from `row` on, to `turned`, channels last."""
    plane = pitch * wide
    for channel in range(outputs):
        source = g[row : row + ROWS, first + channel]
        for i in range(size[1]):
            y0, y1, y2, y3 = source[0, i], source[1, i], source[2, i], source[3, i]
            at = i * wide + channel
            even, odd = y0 + y2, y1 + y3
            steep, steeper = y0 + np.float32(4) * y2, np.float32(2) * y1 + np.float32(8) * y3
            turned[at] = y0
            turned[at + plane] = even + odd
            turned[at + 2 * plane] = even - odd
            turned[at + 3 * plane] = steep + steeper
            turned[at + 4 * plane] = steep - steeper
            turned[at + 5 * plane] = y3


@compiled
def convolve_3x3(x, source, kernels, bias, y, target, size, memory, onto):  # type: ignore[no-untyped-def]
    """Convolve maps with 3 x 3 kernels.

    Parameters
    ----------
    x, source
        Maps [rows, channels, pitch] with zeros around; their first row and channel, and how many
        channels to take.
    kernels, bias
        Flat, as `transformed_kernels` gives them, and a number for each output.
    y, target
        Written inside the map, as for `x`.
    size
        Height and width.
    memory
        As `winograd_workspace` gives it.
    onto
        Whether the result is added to what is there.
    """
    above, first, inputs = source
    top, to, outputs = target
    before, after = memory[0], memory[1]
    pitch, width = x.shape[2], size[1]
    for row in range(0, size[0], ROWS):
        _transform_input_rows(x, above + row - 1, first, inputs, width, before, pitch)
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
        _transform_output_rows(after, outputs, pitch, bias, y, top + row, to, left, onto)


@compiled
def add_kernel_gradient(x, source, g, target, size, memory, sums):  # type: ignore[no-untyped-def]
    """Add the gradient with respect to the transformed kernels of `convolve_3x3`.

    Parameters
    ----------
    x, source
        The input, as for `convolve_3x3`.
    g, target
        The gradient with respect to the output, likewise.
    size, memory
        As for `convolve_3x3`.
    sums
        Added to: flat [6, 3, inputs, outputs filled up to whole blocks].
    """
    above, first, inputs = source
    top, from_, outputs = target
    before, turned = memory[0], memory[2]
    pitch, width = x.shape[2], size[1]
    wide = -(-outputs // COLUMNS) * COLUMNS
    for row in range(0, size[0], ROWS):
        _transform_input_rows(x, above + row - 1, first, inputs, width, before, pitch)
        _transform_gradient_rows(g, top + row, from_, outputs, size, turned, wide, pitch)
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
