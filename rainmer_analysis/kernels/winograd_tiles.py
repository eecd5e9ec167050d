"""A 3 x 3 convolution with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3).

Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016: a tile of 6 x 6
inputs is transformed (B), multiplied at each of its 36 places over the channels, and transformed
back (A) to 4 x 4 outputs. In float32 the result differs from the direct sum by some 1e-6 of its
spread.

Maps lie in memory as rows, columns, channels, with a border of one pixel of zeros and, to the right
and below, zeros up to a multiple of 4; channels are a multiple of 16.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numba import types
from numba.extending import intrinsic
from torch import Tensor

from rainmer_analysis.kernels.simd_vectors import LANES, FlatArray, compiled, strided_offsets

__all__ = [
    "KERNEL_TRANSFORM",
    "PLACES",
    "TILE",
    "allocate_planes",
    "transform_inputs",
    "transform_kernels",
    "transform_outputs",
]

TILE = 4
PLACES = 36
_BETWEEN = 3 * 64

KERNEL_TRANSFORM = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)


def transform_kernels(weight: Tensor) -> Tensor:
    """Transform kernels [outputs, inputs, 3, 3] to float64 [36, inputs, outputs]."""
    g = torch.tensor(KERNEL_TRANSFORM, dtype=torch.float64)
    spread = torch.einsum("ai,ocij,bj->abco", g, weight.double(), g)
    return spread.flatten(0, 1)


def allocate_planes(numbers: int, dtype: torch.dtype) -> Tensor:
    """Return memory for transformed tiles: 36 planes of so many numbers each, and some more.

    A tile is spread over all planes. Were they a power of two apart, the first cache would keep
    them all in one set of 8 lines, and drop most before they are full.
    """
    return torch.zeros(PLACES, numbers + _BETWEEN, dtype=dtype)


def _input_transform(d: Sequence[Any]) -> list[Any]:
    """Transform six inputs of a line."""
    a, b = d[4] - 4 * d[2], d[3] - 4 * d[1]
    c, e = d[4] - d[2], 2 * (d[3] - d[1])
    ends = 4 * d[0] - 5 * d[2] + d[4], 4 * d[1] - 5 * d[3] + d[5]
    return [ends[0], a + b, a - b, c + e, c - e, ends[1]]


def _output_transform(m: Sequence[Any]) -> list[Any]:
    """Transform six products of a line to four outputs."""
    a, b, c, d = m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]
    return [m[0] + a + c, b + 2 * d, a + 4 * c, b + 8 * d + m[5]]


@intrinsic
def _transform_input_tile(typingctx, x, at, steps, v, to, plane):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Transform the tile of `x` at `at`; steps lead to the next row and the next pixel."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        source = FlatArray((context, builder), x, args[0])
        target = FlatArray((context, builder), v, args[3])
        down, across = (builder.extract_value(args[2], i) for i in range(2))
        columns = [
            _input_transform(
                [source.load(place) for place in strided_offsets(builder, start, down, 6)]
            )
            for start in strided_offsets(builder, args[1], across, 6)
        ]
        places = iter(strided_offsets(builder, args[4], args[5], PLACES))
        for line in zip(*columns, strict=True):
            for found in _input_transform(line):
                target.store(next(places), found)
        return context.get_dummy_value()

    return types.void(
        x, types.intp, types.UniTuple(types.intp, 2), v, types.intp, types.intp
    ), generate


@intrinsic
def _transform_output_tile(typingctx, m, at, plane, channels, how, other, y, to, steps):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Transform products back to a tile of `y`, finish it, and add it to the sums."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        made = (context, builder)
        products, extra, target = (
            FlatArray(made, kind, args[i]) for kind, i in ((m, 0), (other, 5), (y, 6))
        )
        scale, shift, slope, sums = (
            FlatArray(made, how[i], builder.extract_value(args[4], i)) for i in range(4)
        )
        factor, offset, negative = (part.load(args[3]) for part in (scale, shift, slope))
        places = iter(strided_offsets(builder, args[1], args[2], PLACES))
        lines = [
            _output_transform([products.load(next(places)) for _ in range(6)]) for _ in range(6)
        ]
        down, across = (builder.extract_value(args[8], i) for i in range(2))
        total = sums.load(args[3])
        for line, start in zip(
            zip(*lines, strict=True), strided_offsets(builder, args[7], across, TILE), strict=True
        ):
            for value, place in zip(
                _output_transform(line), strided_offsets(builder, start, down, TILE), strict=True
            ):
                finished = value * factor + offset + extra.load(place)
                finished = finished.maximum(negative * finished)
                target.store(place, finished)
                total = total + finished
        sums.store(args[3], total)
        return context.get_dummy_value()

    pair = types.UniTuple(types.intp, 2)
    arguments = (m, types.intp, types.intp, types.intp, how, other, y, types.intp, pair)
    return types.void(*arguments), generate


@compiled
def transform_inputs(x, channels, first, shape, v, plane):  # type: ignore[no-untyped-def]
    """Transform rows of tiles of a map for multiplication.

    Parameters
    ----------
    x
        The map, flat.
    channels
        Its channels.
    first
        The first row of tiles.
    shape
        Rows of tiles to do, and tiles in a row.
    v
        Written: flat [36, tiles, channels].
    plane
        How far apart the 36 places of a tile lie in `v`.
    """
    rows, columns = shape
    line = (TILE * columns + 2) * channels
    for tile in range(rows * columns):
        row, column = first + tile // columns, tile % columns
        corner = TILE * (row * line + column * channels)
        for c in range(0, channels, LANES):
            _transform_input_tile(x, corner + c, (line, channels), v, tile * channels + c, plane)


@compiled
def transform_outputs(m, plane, first, shape, how, other, y):  # type: ignore[no-untyped-def]
    """Transform products back to rows of tiles: y = leaky(scale * sum + shift [+ other]).

    Whole tiles are written and summed, also beyond the map's last row and column.

    Parameters
    ----------
    m
        Products, flat [36, tiles, channels].
    plane, first, shape
        As for `transform_inputs`.
    how
        Scale, shift, the negative half's slope, and sums over pixels, which are added to: one
        float32 array of one number per channel each.
    other
        A map of the same shape to add, flat, or None.
    y
        Written: the map, flat; it may be `other`.
    """
    rows, columns = shape
    channels = len(how[0])
    line = (TILE * columns + 2) * channels
    for tile in range(rows * columns):
        row, column = first + tile // columns, tile % columns
        corner = TILE * (row * line + column * channels) + line + channels
        for c in range(0, channels, LANES):
            at, to = tile * channels + c, corner + c
            _transform_output_tile(m, at, plane, c, how, other, y, to, (line, channels))
