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

from rainmer_analysis.kernels.hcw_maps.vector_code import NATIVE, VECTORS, VectorCode
from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.simd_vectors import WIDE

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


def _make_product_intrinsic(rows: int) -> Any:
    """Return an intrinsic: a block of a product over channels and three neighbours in a row."""

    @intrinsic
    def multiply_block(typingctx, kernels, at, outputs, source, start, plane, depth, target, to):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            w, x, y = (
                code.data_pointer(kind, args[i])
                for kind, i in ((kernels, 0), (source, 3), (target, 7))
            )
            one = ir.Constant(args[1].type, 1)
            slots = [
                [cgutils.alloca_once_value(builder, code.zero()) for _ in range(VECTORS)]
                for _ in range(rows)
            ]
            along = builder.mul(args[6], args[2])
            for tap in range(TAPS):
                first = code.moved_index(args[4], (one, tap))
                factors = code.moved_index(args[1], (along, tap))
                with cgutils.for_range(builder, args[6]) as loop:
                    place = builder.add(first, builder.mul(loop.index, args[5]))
                    found = [
                        code.load(x, code.moved_index(place, (one, v * NATIVE)))
                        for v in range(VECTORS)
                    ]
                    column = builder.add(factors, builder.mul(loop.index, args[2]))
                    for row in range(rows):
                        factor = code.load_broadcast(w, code.moved_index(column, (one, row)))
                        for vector, slot in zip(found, slots[row], strict=True):
                            builder.store(code.fma(vector, factor, builder.load(slot)), slot)
            for row in range(rows):
                for v, slot in enumerate(slots[row]):
                    place = code.moved_index(args[8], (args[5], row), (one, v * NATIVE))
                    code.store(y, place, builder.load(slot))
            return context.get_dummy_value()

        size = types.intp
        return types.void(kernels, size, size, source, size, size, size, target, size), codegen

    return multiply_block


multiply_tall, multiply_four, multiply_single = (
    _make_product_intrinsic(rows) for rows in (TALL, 4, 1)
)


def _make_gradient_intrinsic(rows: int) -> Any:
    """Return an intrinsic that adds a block of a gradient with respect to a transformed kernel."""

    @intrinsic
    def add_gradient_block(typingctx, source, start, plane, grad, first, wide, count, sums, to):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            x, g, out = (
                code.data_pointer(kind, args[i]) for kind, i in ((source, 0), (grad, 3), (sums, 7))
            )
            one = ir.Constant(args[1].type, 1)
            places = [
                [
                    code.moved_index(args[8], (args[5], row), (one, v * NATIVE))
                    for v in range(VECTORS)
                ]
                for row in range(rows)
            ]
            slots = [
                [cgutils.alloca_once_value(builder, code.load(out, place)) for place in line]
                for line in places
            ]
            for line, own in zip(places, slots, strict=True):
                for place, slot in zip(line, own, strict=True):
                    builder.store(code.load(out, place), slot)
            with cgutils.for_range(builder, args[6]) as loop:
                other = builder.add(args[4], builder.mul(loop.index, args[5]))
                found = [
                    code.load(g, code.moved_index(other, (one, v * NATIVE))) for v in range(VECTORS)
                ]
                place = builder.add(args[1], loop.index)
                for row in range(rows):
                    factor = code.load_broadcast(x, code.moved_index(place, (args[2], row)))
                    for vector, slot in zip(found, slots[row], strict=True):
                        builder.store(code.fma(vector, factor, builder.load(slot)), slot)
            for line, own in zip(places, slots, strict=True):
                for place, slot in zip(line, own, strict=True):
                    code.store(out, place, builder.load(slot))
            return context.get_dummy_value()

        size = types.intp
        return types.void(source, size, size, grad, size, size, size, sums, size), codegen

    return add_gradient_block


add_gradient_tall, add_gradient_four, add_gradient_single = (
    _make_gradient_intrinsic(rows) for rows in (TALL, 4, 1)
)


@compiled
def next_block_rows(rows_left):  # type: ignore[no-untyped-def]
    """Return how many rows the next block of a product takes, so that few single ones are left."""
    if rows_left == TALL or rows_left >= TALL + 4:
        return TALL
    return 4 if rows_left >= 4 else 1
