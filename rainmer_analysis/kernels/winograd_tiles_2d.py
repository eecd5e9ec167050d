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

from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.simd_vectors import LANES, FlatArray, strided_offsets

__all__ = [
    "KERNEL_TRANSFORM",
    "PLACES",
    "TILE",
    "allocate_transformed_tiles",
    "transform_input_tiles",
    "transform_kernels_2d",
    "transform_output_tiles",
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


def transform_kernels_2d(weight: Tensor) -> Tensor:
    """Transform kernels [outputs, inputs, 3, 3] to float64 [36, inputs, outputs]."""
    g = torch.tensor(KERNEL_TRANSFORM, dtype=torch.float64)
    spread = torch.einsum("ai,ocij,bj->abco", g, weight.double(), g)
    return spread.flatten(0, 1)


def allocate_transformed_tiles(plane_size: int, dtype: torch.dtype) -> Tensor:
    """Return memory for transformed tiles: 36 planes of so many numbers each, and some more.

    A tile is spread over all planes. Were they a power of two apart, the first cache would keep
    them all in one set of 8 lines, and drop most before they are full.
    """
    return torch.zeros(PLACES, plane_size + _BETWEEN, dtype=dtype)


def _transform_input_line(inputs: Sequence[Any]) -> list[Any]:
    a, b = inputs[4] - 4 * inputs[2], inputs[3] - 4 * inputs[1]
    c, e = inputs[4] - inputs[2], 2 * (inputs[3] - inputs[1])
    ends = 4 * inputs[0] - 5 * inputs[2] + inputs[4], 4 * inputs[1] - 5 * inputs[3] + inputs[5]
    return [ends[0], a + b, a - b, c + e, c - e, ends[1]]


def _transform_output_line(products: Sequence[Any]) -> list[Any]:
    a, b, c, d = (
        products[1] + products[2],
        products[1] - products[2],
        products[3] + products[4],
        products[3] - products[4],
    )
    return [products[0] + a + c, b + 2 * d, a + 4 * c, b + 8 * d + products[5]]


@intrinsic
def _write_transformed_tile(typingctx, source, at, strides, tiles, to, plane):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Transform the tile of `source` at `at`; steps lead to the next row and the next pixel."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        x = FlatArray((context, builder), source, args[0])
        v = FlatArray((context, builder), tiles, args[3])
        down, across = (builder.extract_value(args[2], i) for i in range(2))
        columns = [
            _transform_input_line(
                [x.load(place) for place in strided_offsets(builder, start, down, 6)]
            )
            for start in strided_offsets(builder, args[1], across, 6)
        ]
        places = iter(strided_offsets(builder, args[4], args[5], PLACES))
        for line in zip(*columns, strict=True):
            for found in _transform_input_line(line):
                v.store(next(places), found)
        return context.get_dummy_value()

    pair, size = types.UniTuple(types.intp, 2), types.intp
    return types.void(source, size, pair, tiles, size, size), codegen


@intrinsic
def _write_output_tile(typingctx, products, at, plane, channel, finish, added, target, to, steps):  # type: ignore[no-untyped-def] # noqa: ARG001
    """Transform products back to a tile of `target`, finish it, and add it to the sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        code = (context, builder)
        m, more, y = (
            FlatArray(code, kind, args[i]) for kind, i in ((products, 0), (added, 5), (target, 6))
        )
        scale, shift, slope, sums = (
            FlatArray(code, finish[i], builder.extract_value(args[4], i)) for i in range(4)
        )
        factor, offset, negative = (part.load(args[3]) for part in (scale, shift, slope))
        places = iter(strided_offsets(builder, args[1], args[2], PLACES))
        lines = [_transform_output_line([m.load(next(places)) for _ in range(6)]) for _ in range(6)]
        down, across = (builder.extract_value(args[8], i) for i in range(2))
        total = sums.load(args[3])
        for line, start in zip(
            zip(*lines, strict=True), strided_offsets(builder, args[7], across, TILE), strict=True
        ):
            for value, place in zip(
                _transform_output_line(line),
                strided_offsets(builder, start, down, TILE),
                strict=True,
            ):
                finished = value * factor + offset + more.load(place)
                finished = finished.maximum(negative * finished)
                y.store(place, finished)
                total = total + finished
        sums.store(args[3], total)
        return context.get_dummy_value()

    pair, size = types.UniTuple(types.intp, 2), types.intp
    return types.void(products, size, size, size, finish, added, target, size, pair), codegen


@compiled
def transform_input_tiles(source, channels, first_row, tile_counts, tiles, plane):  # type: ignore[no-untyped-def]
    """Transform rows of tiles of a map for multiplication.

    Parameters
    ----------
    source
        The map, flat.
    channels
        Its channels.
    first_row
        The first row of tiles.
    tile_counts
        Rows of tiles to do, and tiles in a row.
    tiles
        Written: flat [36, tiles, channels].
    plane
        How far apart the 36 places of a tile lie in `tiles`.
    """
    rows, columns = tile_counts
    line = (TILE * columns + 2) * channels
    for tile in range(rows * columns):
        row, column = first_row + tile // columns, tile % columns
        corner = TILE * (row * line + column * channels)
        for c in range(0, channels, LANES):
            _write_transformed_tile(
                source, corner + c, (line, channels), tiles, tile * channels + c, plane
            )


@compiled
def transform_output_tiles(products, plane, first_row, tile_counts, finish, added, target):  # type: ignore[no-untyped-def]
    """Transform products back to rows of tiles: leaky(scale * sum + shift [+ added]).

    Whole tiles are written and summed, also beyond the map's last row and column.

    Parameters
    ----------
    products
        Products, flat [36, tiles, channels].
    plane, first_row, tile_counts
        As for `transform_input_tiles`.
    finish
        Scale, shift, the negative half's slope, and sums over pixels, which are added to: one
        float32 array of one number per channel each.
    added
        A map of the same shape to add, flat, or None.
    target
        Written: the map, flat; it may be `added`.
    """
    rows, columns = tile_counts
    channels = len(finish[0])
    line = (TILE * columns + 2) * channels
    for tile in range(rows * columns):
        row, column = first_row + tile // columns, tile % columns
        corner = TILE * (row * line + column * channels) + line + channels
        for c in range(0, channels, LANES):
            at, to = tile * channels + c, corner + c
            _write_output_tile(products, at, plane, c, finish, added, target, to, (line, channels))
