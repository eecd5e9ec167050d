"""Blocks of the products between Winograd's transforms, whose sums stay in registers.

Each intrinsic takes a fixed number of rows (outputs of a product, inputs of a gradient): as many as
registers hold, four, or one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rainmer_analysis.kernels.planar.vector_code import NATIVE, VECTORS, VectorCode
from rainmer_analysis.kernels.simd_vectors import WIDE, compiled

__all__ = [
    "TALL",
    "TAPS",
    "add_gradient_four",
    "add_gradient_single",
    "add_gradient_tall",
    "multiply_four",
    "multiply_single",
    "multiply_tall",
    "next_block_rows",
]

TAPS = 3
TALL = 12 if WIDE else 6  # rows of a block, whose sums fit into registers


def _compile_product(rows: int) -> Any:
    """Return what makes a block of a product over channels and three neighbours in a row."""

    @intrinsic
    def product(typingctx, w, at, outputs, x, start, plane, depth, y, to):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            matrix, source, target = (
                code.data(kind, args[i]) for kind, i in ((w, 0), (x, 3), (y, 7))
            )
            one = ir.Constant(args[1].type, 1)
            slots = [
                [cgutils.alloca_once_value(builder, code.zero()) for _ in range(VECTORS)]
                for _ in range(rows)
            ]
            along = builder.mul(args[6], args[2])
            for tap in range(TAPS):
                first = code.offset(args[4], (one, tap))
                factors = code.offset(args[1], (along, tap))
                with cgutils.for_range(builder, args[6]) as loop:
                    place = builder.add(first, builder.mul(loop.index, args[5]))
                    found = [
                        code.load(source, code.offset(place, (one, v * NATIVE)))
                        for v in range(VECTORS)
                    ]
                    column = builder.add(factors, builder.mul(loop.index, args[2]))
                    for row in range(rows):
                        factor = code.broadcast(matrix, code.offset(column, (one, row)))
                        for vector, slot in zip(found, slots[row], strict=True):
                            builder.store(code.fma(vector, factor, builder.load(slot)), slot)
            for row in range(rows):
                for v, slot in enumerate(slots[row]):
                    place = code.offset(args[8], (args[5], row), (one, v * NATIVE))
                    code.store(target, place, builder.load(slot))
            return context.get_dummy_value()

        size = types.intp
        return types.void(w, size, size, x, size, size, size, y, size), generate

    return product


multiply_tall, multiply_four, multiply_single = (_compile_product(rows) for rows in (TALL, 4, 1))


def _compile_gradient(rows: int) -> Any:
    """Return what adds a block of a gradient with respect to a transformed kernel."""

    @intrinsic
    def gradient(typingctx, x, start, plane, g, first, wide, count, out, to):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            source, outer, target = (
                code.data(kind, args[i]) for kind, i in ((x, 0), (g, 3), (out, 7))
            )
            one = ir.Constant(args[1].type, 1)
            places = [
                [code.offset(args[8], (args[5], row), (one, v * NATIVE)) for v in range(VECTORS)]
                for row in range(rows)
            ]
            slots = [
                [cgutils.alloca_once_value(builder, code.load(target, place)) for place in line]
                for line in places
            ]
            for line, own in zip(places, slots, strict=True):
                for place, slot in zip(line, own, strict=True):
                    builder.store(code.load(target, place), slot)
            with cgutils.for_range(builder, args[6]) as loop:
                other = builder.add(args[4], builder.mul(loop.index, args[5]))
                found = [
                    code.load(outer, code.offset(other, (one, v * NATIVE))) for v in range(VECTORS)
                ]
                place = builder.add(args[1], loop.index)
                for row in range(rows):
                    factor = code.broadcast(source, code.offset(place, (args[2], row)))
                    for vector, slot in zip(found, slots[row], strict=True):
                        builder.store(code.fma(vector, factor, builder.load(slot)), slot)
            for line, own in zip(places, slots, strict=True):
                for place, slot in zip(line, own, strict=True):
                    code.store(target, place, builder.load(slot))
            return context.get_dummy_value()

        size = types.intp
        return types.void(x, size, size, g, size, size, size, out, size), generate

    return gradient


add_gradient_tall, add_gradient_four, add_gradient_single = (
    _compile_gradient(rows) for rows in (TALL, 4, 1)
)


@compiled
def next_block_rows(left):  # type: ignore[no-untyped-def]
    """Return how many rows the next block of a product takes, so that few single ones are left."""
    if left == TALL or left >= TALL + 4:
        return TALL
    return 4 if left >= 4 else 1
