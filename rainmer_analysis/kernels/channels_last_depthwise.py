"""Depthwise convolutions: a block of outputs of 16 channels at a time.

A row of inputs is loaded once for all rows of outputs that it reaches, so nearly every instruction
is a multiplication. With a dilation the outputs of a block lie as far apart as the taps do, and
share their inputs in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from numba import types
from numba.extending import intrinsic
from torch import Tensor

from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.simd_vectors import (
    BFLOAT16,
    LANES,
    FlatArray,
    Vector,
    strided_offsets,
)

__all__ = [
    "STRIP_ROWS",
    "convolve_strip_depthwise",
    "exclude_padding_from_strip_averages",
    "pack_depthwise_kernels",
]

_SIDE = 4  # of a block: its 16 sums and a row of its inputs fit into registers
STRIP_ROWS = 2 * _SIDE  # a strip: whole blocks, also where the dilation is 2


def _uses_bfloat16_pairs(dtype: torch.dtype) -> bool:
    """Whether kernels over maps of this type hold pairs of taps, for a processor that can."""
    return BFLOAT16 and dtype == torch.bfloat16


def pack_depthwise_kernels(weight: Tensor, channels: int, dtype: torch.dtype) -> Tensor:
    """Return kernels [C, 1, side, side] as they are taken with maps of a type.

    Returns
    -------
    float32 [side, taps, channels], channels from C on zero. Where taps are paired, a number is in
    fact two of bfloat16, for neighbours in a row.
    """
    side = weight.shape[2]
    packed = torch.zeros(side, side + 1, channels)
    packed[:, :side, : len(weight)] = weight[:, 0].permute(1, 2, 0)
    if not _uses_bfloat16_pairs(dtype):
        return packed[:, :side]
    rounded = packed.bfloat16().view(side, -1, 2, channels).transpose(2, 3).contiguous()
    return rounded.view(torch.float32)[..., 0]


class _ConvolutionBlockCode:
    """Generates a block of outputs: `Pairs` of inputs where two taps are taken at once."""

    def __init__(
        self, builder: Any, arrays: tuple[FlatArray, FlatArray], side_and_pairing: tuple[int, bool]
    ) -> None:
        self._builder = builder
        self._source, self._kernel = arrays
        self._side, self._pairs = side_and_pairing
        self._step = 1 + self._pairs
        self._taps = -(-self._side // self._step)

    def grid_offsets(self, start: Any, strides: Any, count: int) -> list[list[Any]]:
        """Return offsets, `count` rows of as many."""
        down, across = (self._builder.extract_value(strides, i) for i in range(2))
        rows = strided_offsets(self._builder, start, down, count)
        return [strided_offsets(self._builder, row, across, count) for row in rows]

    def sum_taps(self, inputs: list[list[Any]], taps: Any) -> list[list[Any]]:
        """Sum up, from the places of the inputs and of the first weight and the next."""
        start, apart = (self._builder.extract_value(taps, i) for i in range(2))
        places = strided_offsets(self._builder, start, apart, self._side * self._taps)
        sums = [[Vector.zero(self._builder)] * _SIDE for _ in range(_SIDE)]
        for row, line in enumerate(map(self._load_row, inputs)):
            for down in range(max(0, row - self._side + 1), min(_SIDE, row + 1)):
                for tap in range(self._taps):
                    factor = self._load_weight(places[(row - down) * self._taps + tap])
                    for across in range(_SIDE):
                        found = line[across + self._step * tap]
                        sums[down][across] = found.multiply_add(factor, sums[down][across])
        return sums

    def _load_row(self, offsets: list[Any]) -> Sequence[Any]:
        if self._pairs:
            return self._source.load_neighbour_pairs(offsets)
        return [self._source.load(offset) for offset in offsets]

    def _load_weight(self, offset: Any) -> Any:
        return self._kernel.load_pairs(offset) if self._pairs else self._kernel.load(offset)


def _make_block_intrinsic(side: int) -> Any:
    """Return an intrinsic that convolves a block of outputs with kernels of this side."""

    @intrinsic
    def convolve_block(typingctx, source, at, steps, kernels, taps, target, to, leaps):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            x, w, y = (
                FlatArray((context, builder), kind, args[i])
                for kind, i in ((source, 0), (kernels, 3), (target, 5))
            )
            form = side, BFLOAT16 and source.dtype == types.uint16
            code = _ConvolutionBlockCode(builder, (x, w), form)
            sums = code.sum_taps(code.grid_offsets(args[1], args[2], _SIDE + side - 1), args[4])
            places = code.grid_offsets(args[6], args[7], _SIDE)
            for found, place in zip(chain(*sums), chain(*places), strict=True):
                y.store(place, found)
            return context.get_dummy_value()

        pair = types.UniTuple(types.intp, 2)
        return types.void(
            source, types.intp, pair, kernels, pair, target, types.intp, pair
        ), codegen

    return convolve_block


_block1, _block3, _block5, _block7 = (_make_block_intrinsic(side) for side in (1, 3, 5, 7))


@compiled
def convolve_strip_depthwise(source, first_pixel, shape, layers, kernels, strides, target):  # type: ignore[no-untyped-def]
    """Convolve a strip of maps with a kernel for each channel, layer after layer.

    Parameters
    ----------
    source
        The maps, flat [..., pitch, channels]; what lies around their pixels is zero.
    first_pixel
        The pixel at which the strip starts, counted from the start of a map.
    shape
        Pixels of a row, at least 8; pitch of the rows of both; slots of a pixel of
        `target`; channels of a slot.
    layers
        For each layer the kernel's side (1, 3, 5 or 7) and dilation (1 or 2), and where its
        weights start in `kernels`.
    kernels
        Kernels, as `pack_depthwise_kernels` gives them, flat.
    strides
        How far apart the layers' maps lie in `source`, and the first numbers of their strips
        in `target`.
    target
        Written, flat: a strip [STRIP_ROWS, pitch, slots, channels] for each layer.
    """
    columns, pitch, slots, channels = shape
    wide = slots * channels
    for layer in range(len(layers)):
        side, dilation, weights = layers[layer]
        read, write = layer * strides[0], layer * strides[1]
        reach, leap = dilation * (side // 2), dilation * _SIDE
        steps = (dilation * pitch * channels, dilation * channels)
        leaps = (dilation * pitch * wide, dilation * wide)
        for row in range(STRIP_ROWS // leap * dilation):
            down = row // dilation * leap + row % dilation
            for group in range(-(-columns // leap) * dilation):
                # the last blocks of a row start where they end with the row
                across = min(group // dilation * leap, columns - leap) + group % dilation
                corner = first_pixel + (down - reach) * pitch + across - reach
                for c in range(0, channels, LANES):
                    at, tap = read + corner * channels + c, (weights + c, channels)
                    to = write + (down * pitch + across) * wide + c
                    if side == 1:
                        _block1(source, at, steps, kernels, tap, target, to, leaps)
                    elif side == 3:
                        _block3(source, at, steps, kernels, tap, target, to, leaps)
                    elif side == 5:
                        _block5(source, at, steps, kernels, tap, target, to, leaps)
                    else:
                        _block7(source, at, steps, kernels, tap, target, to, leaps)


@intrinsic
def _scale_by_3_halves(typingctx, array, index):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Multiply the 16 numbers from an index on by 1.5."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        memory = FlatArray((context, builder), array, args[0])
        memory.store(args[1], memory.load(args[1]) * 1.5)
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@compiled
def exclude_padding_from_strip_averages(averages, first_row, size, pixel_stride, channels):  # type: ignore[no-untyped-def]
    """Leave the zeros beyond the map's border out of averages over 3 x 3 pixels of a strip.

    Parameters
    ----------
    averages
        Flat; the strip's averages are every so many numbers, from the start on.
    first_row
        The strip's first row in the map.
    size
        Height and width of the map, and pitch of the rows.
    pixel_stride, channels
        How far apart the averages of neighbours lie, and how many numbers they are.
    """
    height, width, pitch = size
    for row in range(min(STRIP_ROWS, height - first_row)):
        for column in range(width):
            edges = (first_row + row in (0, height - 1)) + (column in (0, width - 1))
            for _ in range(edges):
                for c in range(0, channels, LANES):
                    _scale_by_3_halves(averages, (row * pitch + column) * pixel_stride + c)
