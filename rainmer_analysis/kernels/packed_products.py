"""Products of tall maps and small matrices, with the matrices laid out once for the registers.

A general library lays out the right matrix anew at each product, which for 48 to 128 channels costs
a good part of the product itself. Here a block of rows and up to 48 columns stays in registers
while the rows' numbers, or pairs of bfloat16, meet one row of the matrix after the other.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy.typing as npt
import torch
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from torch import Tensor

from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.simd_vectors import (
    BFLOAT16,
    LANES,
    WIDE,
    FlatArray,
    Vector,
    strided_offsets,
)

__all__ = ["PackedWeights", "flat_memory", "multiply_packed", "padded_channels"]

# of a block with 1, 2 or 3 vectors of columns, so that its sums fit into registers
_ROWS = (8, 8, 8) if WIDE else (4, 2, 1)
_VECTORS = (3, 2, 1) if WIDE else (2, 1)  # widths of blocks to choose from, best first


class _ProductBlockCode:
    """Generates a block of a product: so many rows, and so many vectors of columns."""

    def __init__(self, builder: Any, arrays: tuple[FlatArray, ...], form: tuple[int, int]) -> None:
        self._builder = builder
        self._left, self._right, self._target = arrays
        self._rows, self._vectors = form
        zero = Vector.zero(builder).value
        slots = [cgutils.alloca_once_value(builder, zero) for _ in range(form[0] * form[1])]
        self._slots = list(zip(product(range(form[0]), range(form[1])), slots, strict=True))

    def accumulate(self, left_rows: tuple[Any, Any], first_weight: Any, depth: Any) -> None:
        """Sum over `depth` numbers of the rows from a place on, so far apart, or pairs of them."""
        build, pairs = self._builder, self._left.holds_bfloat16_pairs
        starts = strided_offsets(build, *left_rows, self._rows)
        steps = [ir.Constant(first_weight.type, number * (1 + pairs)) for number in (1, LANES)]
        across = ir.Constant(first_weight.type, self._vectors * LANES * (1 + pairs))
        with cgutils.for_range(build, depth) as loop:
            along = build.mul(loop.index, steps[0])
            first = build.add(first_weight, build.mul(loop.index, across))
            load = self._right.load_pairs if pairs else self._right.load
            factors = [
                load(place) for place in strided_offsets(build, first, steps[1], self._vectors)
            ]
            numbers = [self._left.load_broadcast(build.add(start, along)) for start in starts]
            for (row, column), slot in self._slots:
                total = Vector(build, build.load(slot))
                build.store(numbers[row].multiply_add(factors[column], total).value, slot)

    def store_or_add(self, out_rows: tuple[Any, Any], floor: Any, add: Any) -> None:
        """Raise the sums to the least number, and write or add them to rows from a place on."""
        build = self._builder
        step = ir.Constant(out_rows[0].type, LANES)
        rows = [
            strided_offsets(build, row, step, self._vectors)
            for row in strided_offsets(build, *out_rows, self._rows)
        ]
        floor = Vector.filled(build, floor)
        with build.if_else(add) as branches:
            for adding, branch in zip((True, False), branches, strict=True):
                with branch:
                    for (row, column), slot in self._slots:
                        place = rows[row][column]
                        found = Vector(build, build.load(slot)).maximum(floor)
                        if adding:
                            found = self._target.load(place) + found
                        self._target.store(place, found)


def _make_block_intrinsic(rows: int, vectors: int) -> Any:
    """Return an intrinsic that makes a block of a product."""

    @intrinsic
    def multiply_block(typingctx, left, rows_at, weights, right, depth, out, out_at, floor, add):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            memory = tuple(
                FlatArray((context, builder), kind, args[i])
                for kind, i in ((left, 0), (weights, 2), (out, 5))
            )
            code = _ProductBlockCode(builder, memory, (rows, vectors))
            pairs = [[builder.extract_value(args[i], j) for j in range(2)] for i in (1, 6)]
            code.accumulate((pairs[0][0], pairs[0][1]), args[3], args[4])
            code.store_or_add((pairs[1][0], pairs[1][1]), args[7], args[8])
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        last = types.float32, types.boolean
        return types.void(left, pair, weights, size, size, out, pair, *last), codegen

    return multiply_block


_tall1, _tall2, _tall3 = (
    _make_block_intrinsic(rows, vectors) for vectors, rows in enumerate(_ROWS, start=1)
)
_low1, _low2, _low3 = (_make_block_intrinsic(1, vectors) for vectors in (1, 2, 3))


@compiled
def multiply_packed(left, left_at, weights, form, rows, out, out_at, floor, add):  # type: ignore[no-untyped-def]
    """Multiply matrices: out = max(left @ weights, floor), or out +=.

    Parameters
    ----------
    left
        The left matrices, flat.
    left_at
        Where the first one starts, how far apart their rows lie, and how far apart they do.
    weights, form
        The right matrices, and how they are laid out: `packed` and `form` of `PackedWeights`.
    rows
        Of each left matrix.
    out
        Written: the products, flat.
    out_at
        Where they lie, as for `left_at`.
    floor
        What smaller numbers are raised to, float32.
    add
        Whether they are added.
    """
    count, depth, step, vectors, blocks = form
    wide, tall = vectors * LANES, _ROWS[vectors - 1]
    for number in range(count):
        for block in range(blocks):
            right = (number * blocks + block) * depth * step * wide
            start = left_at[0] + number * left_at[2]
            found = out_at[0] + number * out_at[2] + block * wide
            row = 0
            while row < rows:
                at, place = (
                    (start + row * left_at[1], left_at[1]),
                    (found + row * out_at[1], out_at[1]),
                )
                if rows - row >= tall:
                    if vectors == 3:
                        _tall3(left, at, weights, right, depth, out, place, floor, add)
                    elif vectors == 2:
                        _tall2(left, at, weights, right, depth, out, place, floor, add)
                    else:
                        _tall1(left, at, weights, right, depth, out, place, floor, add)
                    row += tall
                else:
                    if vectors == 3:
                        _low3(left, at, weights, right, depth, out, place, floor, add)
                    elif vectors == 2:
                        _low2(left, at, weights, right, depth, out, place, floor, add)
                    else:
                        _low1(left, at, weights, right, depth, out, place, floor, add)
                    row += 1


def padded_channels(channels: int) -> int:
    """Return the number of channels with which a map of so many lies in memory."""
    return -(-channels // LANES) * LANES


def flat_memory(tensor: Tensor) -> npt.NDArray[Any]:
    """Return the memory of a contiguous tensor as the kernels take it: bfloat16 is uint16."""
    whole = tensor.view(-1)
    array: npt.NDArray[Any] = (
        whole if tensor.dtype == torch.float32 else whole.view(torch.uint16)
    ).numpy()
    return array


class PackedWeights:
    """Matrices [n, K, N] that maps are multiplied with; K is even, N a multiple of 16.

    Parameters
    ----------
    matrices
        Their numbers.
    dtype
        Of the maps: float32, or bfloat16 (to which the matrices are rounded; sums are float32).
    """

    def __init__(self, matrices: Tensor, dtype: torch.dtype) -> None:
        count, depth, columns = matrices.shape
        pairs = dtype == torch.bfloat16 and BFLOAT16
        vectors = next(number for number in _VECTORS if columns % (number * LANES) == 0)
        wide, step = vectors * LANES, 1 + pairs
        rounded = matrices.to(dtype)
        # without instructions for pairs the numbers are multiplied as float32
        split = (rounded if pairs else rounded.float()).view(count, depth // step, step, -1, wide)
        self.packed: npt.NDArray[Any] = flat_memory(split.permute(0, 3, 1, 4, 2).contiguous())
        self.form = count, depth // step, step, vectors, columns // wide

    def multiply_into(self, left: Tensor, out: Tensor) -> None:
        """Write the products of [n, M, K] to `out`; matrices may lie apart, their rows too."""
        places = [(0, each.stride(1), each.stride(0)) for each in (left, out)]
        given = _memory_up_to_last(left), places[0], self.packed, self.form, left.shape[1]
        multiply_packed(*given, _memory_up_to_last(out), places[1], -math.inf, False)


def _memory_up_to_last(tensor: Tensor) -> npt.NDArray[Any]:
    """Return the memory from a tensor's first number to its last, flat."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    last = sum((size - 1) * step for size, step in steps)
    return flat_memory(tensor.as_strided((last + 1,), (1,)))
