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

from rainmer_analysis.kernels.simd_vectors import (
    BFLOAT16,
    LANES,
    WIDE,
    FlatArray,
    Vector,
    compiled,
    strided_offsets,
)
from rainmer_analysis.kernels.workspaces import flat_memory

__all__ = ["PackedWeights", "multiply"]

# of a block with 1, 2 or 3 vectors of columns, so that its sums fit into registers
_ROWS = (8, 8, 8) if WIDE else (4, 2, 1)
_VECTORS = (3, 2, 1) if WIDE else (2, 1)  # widths of blocks to choose from, best first


class _Block:
    """Generates a block of a product: so many rows, and so many vectors of columns."""

    def __init__(self, builder: Any, memory: tuple[FlatArray, ...], form: tuple[int, int]) -> None:
        self._builder = builder
        self._left, self._right, self._target = memory
        self._rows, self._vectors = form
        zero = Vector.zero(builder).value
        slots = [cgutils.alloca_once_value(builder, zero) for _ in range(form[0] * form[1])]
        self._slots = list(zip(product(range(form[0]), range(form[1])), slots, strict=True))

    def sum_up(self, left: tuple[Any, Any], right: Any, depth: Any) -> None:
        """Sum over `depth` numbers of the rows from a place on, so far apart, or pairs of them."""
        build, pairs = self._builder, self._left.is_bfloat16_pair
        starts = strided_offsets(build, *left, self._rows)
        steps = [ir.Constant(right.type, number * (1 + pairs)) for number in (1, LANES)]
        across = ir.Constant(right.type, self._vectors * LANES * (1 + pairs))
        with cgutils.for_range(build, depth) as loop:
            along = build.mul(loop.index, steps[0])
            first = build.add(right, build.mul(loop.index, across))
            load = self._right.load_pairs if pairs else self._right.load
            factors = [
                load(place) for place in strided_offsets(build, first, steps[1], self._vectors)
            ]
            numbers = [self._left.broadcast(build.add(start, along)) for start in starts]
            for (row, column), slot in self._slots:
                total = Vector(build, build.load(slot))
                build.store(numbers[row].multiply_add(factors[column], total).value, slot)

    def store_block(self, to: tuple[Any, Any], least: Any, onto: Any) -> None:
        """Raise the sums to the least number, and write or add them to rows from a place on."""
        build = self._builder
        step = ir.Constant(to[0].type, LANES)
        rows = [
            strided_offsets(build, row, step, self._vectors)
            for row in strided_offsets(build, *to, self._rows)
        ]
        least = Vector.all(build, least)
        with build.if_else(onto) as ways:
            for adding, way in zip((True, False), ways, strict=True):
                with way:
                    for (row, column), slot in self._slots:
                        place = rows[row][column]
                        found = Vector(build, build.load(slot)).maximum(least)
                        if adding:
                            found = self._target.load(place) + found
                        self._target.store(place, found)


def _compile_block(rows: int, vectors: int) -> Any:
    """Return what makes a block of a product."""

    @intrinsic
    def block(typingctx, a, left, w, right, depth, c, to, least, onto):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            memory = tuple(
                FlatArray((context, builder), kind, args[i]) for kind, i in ((a, 0), (w, 2), (c, 5))
            )
            made = _Block(builder, memory, (rows, vectors))
            pairs = [[builder.extract_value(args[i], j) for j in range(2)] for i in (1, 6)]
            made.sum_up((pairs[0][0], pairs[0][1]), args[3], args[4])
            made.store_block((pairs[1][0], pairs[1][1]), args[7], args[8])
            return context.get_dummy_value()

        pair = types.UniTuple(types.intp, 2)
        given = (a, pair, w, types.intp, types.intp, c, pair, types.float32, types.boolean)
        return types.void(*given), generate

    return block


_tall1, _tall2, _tall3 = (
    _compile_block(rows, vectors) for vectors, rows in enumerate(_ROWS, start=1)
)
_low1, _low2, _low3 = (_compile_block(1, vectors) for vectors in (1, 2, 3))


@compiled
def multiply(a, left, w, form, rows, c, to, least, onto):  # type: ignore[no-untyped-def]
    """Multiply matrices: c = max(a @ w, least), or c += max(a @ w, least).

    Parameters
    ----------
    a
        The left matrices, flat.
    left
        Where the first one starts, how far apart their rows lie, and how far apart they do.
    w, form
        The right matrices, and how they are laid out: `Factors.laid` and `Factors.form`.
    rows
        Of each left matrix.
    c
        Written: the products, flat.
    to
        Where they lie, as for `left`.
    least
        What smaller numbers are raised to, float32.
    onto
        Whether they are added.
    """
    count, depth, step, vectors, blocks = form
    wide, tall = vectors * LANES, _ROWS[vectors - 1]
    for number in range(count):
        for block in range(blocks):
            right = (number * blocks + block) * depth * step * wide
            start = left[0] + number * left[2]
            found = to[0] + number * to[2] + block * wide
            row = 0
            while row < rows:
                at, place = (start + row * left[1], left[1]), (found + row * to[1], to[1])
                if rows - row >= tall:
                    if vectors == 3:
                        _tall3(a, at, w, right, depth, c, place, least, onto)
                    elif vectors == 2:
                        _tall2(a, at, w, right, depth, c, place, least, onto)
                    else:
                        _tall1(a, at, w, right, depth, c, place, least, onto)
                    row += tall
                else:
                    if vectors == 3:
                        _low3(a, at, w, right, depth, c, place, least, onto)
                    elif vectors == 2:
                        _low2(a, at, w, right, depth, c, place, least, onto)
                    else:
                        _low1(a, at, w, right, depth, c, place, least, onto)
                    row += 1


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
        self.laid: npt.NDArray[Any] = flat_memory(split.permute(0, 3, 1, 4, 2).contiguous())
        self.form = count, depth // step, step, vectors, columns // wide

    def multiply_into(self, left: Tensor, out: Tensor) -> None:
        """Write the products of [n, M, K] to `out`; matrices may lie apart, their rows too."""
        places = [(0, each.stride(1), each.stride(0)) for each in (left, out)]
        given = _flat_to_last(left), places[0], self.laid, self.form, left.shape[1]
        multiply(*given, _flat_to_last(out), places[1], -math.inf, False)


def _flat_to_last(tensor: Tensor) -> npt.NDArray[Any]:
    """Return the memory from a tensor's first number to its last, flat."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    last = sum((size - 1) * step for size, step in steps)
    return flat_memory(tensor.as_strided((last + 1,), (1,)))
