"""Products over the channels of HCW maps (1 x 1 convolutions), and their weight gradients."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rainmer_analysis.kernels.hcw_maps.vector_code import COLUMNS, NATIVE, VECTORS, VectorCode
from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.simd_vectors import WIDE

__all__ = [
    "ADD",
    "STORE",
    "STORE_RELU",
    "add_outer_products",
    "multiply_channels",
    "multiply_channels_in_panels",
]

STORE, STORE_RELU, ADD = 0, 1, 2  # what becomes of a product
_TALL = 12 if WIDE else 6  # outputs of a block, whose sums fit into registers
_OUTER = (6, 4) if WIDE else (3, 4)


def _make_product_intrinsic(rows: int, mode: int) -> Any:
    """Return an intrinsic that makes a block of a product: so many outputs, `COLUMNS` columns."""

    @intrinsic
    def block_product(typingctx, matrix, at, steps, source, start, plane, depth, out, to, y_plane):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            w, x, y = (
                code.data_pointer(kind, args[i]) for kind, i in ((matrix, 0), (source, 3), (out, 7))
            )
            down, across = (builder.extract_value(args[2], i) for i in range(2))
            one = ir.Constant(args[1].type, 1)
            slots = [
                [cgutils.alloca_once_value(builder, code.zero()) for _ in range(VECTORS)]
                for _ in range(rows)
            ]
            with cgutils.for_range(builder, args[6]) as loop:
                place = builder.add(args[4], builder.mul(loop.index, args[5]))
                found = [
                    code.load(x, code.moved_index(place, (one, v * NATIVE))) for v in range(VECTORS)
                ]
                column = builder.add(args[1], builder.mul(loop.index, across))
                for row in range(rows):
                    factor = code.load_broadcast(w, code.moved_index(column, (down, row)))
                    for vector, slot in zip(found, slots[row], strict=True):
                        builder.store(code.fma(vector, factor, builder.load(slot)), slot)
            for row in range(rows):
                for v, slot in enumerate(slots[row]):
                    place = code.moved_index(args[8], (args[9], row), (one, v * NATIVE))
                    total = builder.load(slot)
                    if mode == STORE_RELU:
                        total = code.relu(total)
                    elif mode == ADD:
                        total = code.add(total, code.load(y, place))
                    code.store(y, place, total)
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        return types.void(matrix, size, pair, source, size, size, size, out, size, size), codegen

    return block_product


_put, _rectify, _add = (_make_product_intrinsic(_TALL, way) for way in (STORE, STORE_RELU, ADD))
_put1, _rectify1, _add1 = (_make_product_intrinsic(1, way) for way in (STORE, STORE_RELU, ADD))


@compiled
def _multiply_column_block(matrix, matrix_at, source, source_at, target, target_at, mode):  # type: ignore[no-untyped-def]
    """Make all outputs of a block of columns; places are of the first channel, and of the next."""
    at, down, across, outputs, inputs = matrix_at
    start, plane = source_at
    to, y_plane = target_at
    steps = (down, across)
    out = 0
    while out < outputs:
        first, goal = at + out * down, to + out * y_plane
        if outputs - out >= _TALL:
            if mode == STORE:
                _put(matrix, first, steps, source, start, plane, inputs, target, goal, y_plane)
            elif mode == STORE_RELU:
                _rectify(matrix, first, steps, source, start, plane, inputs, target, goal, y_plane)
            else:
                _add(matrix, first, steps, source, start, plane, inputs, target, goal, y_plane)
            out += _TALL
        else:
            if mode == STORE:
                _put1(matrix, first, steps, source, start, plane, inputs, target, goal, y_plane)
            elif mode == STORE_RELU:
                _rectify1(matrix, first, steps, source, start, plane, inputs, target, goal, y_plane)
            else:
                _add1(matrix, first, steps, source, start, plane, inputs, target, goal, y_plane)
            out += 1


@compiled
def multiply_channels(matrix, matrix_at, source, source_at, target, target_at, size, mode):  # type: ignore[no-untyped-def]
    """Multiply the channels of a map by a matrix.

    Parameters
    ----------
    matrix, matrix_at
        Flat memory; the element of the first factor, how far apart outputs and inputs lie in the
        matrix, and how many outputs and inputs there are.
    source, source_at
        Flat memory; the element of the first input's first pixel, and how far apart rows and
        channels lie.
    target, target_at
        Written, as for `source`: whole blocks, so also beyond a map's last column.
    size
        Height and width.
    mode
        ``STORE`` the product, ``STORE_RELU`` it, or ``ADD`` it to what is there.
    """
    for row in range(size[0]):
        for column in range(0, size[1], COLUMNS):
            start = source_at[0] + row * source_at[1] + column
            to = target_at[0] + row * target_at[1] + column
            _multiply_column_block(
                matrix, matrix_at, source, (start, source_at[2]), target, (to, target_at[2]), mode
            )


@compiled
def multiply_channels_in_panels(  # type: ignore[no-untyped-def]
    matrix, matrix_at, source, source_at, target, target_at, size, mode
):
    """Multiply the channels of a map in panels by a matrix.

    A panel holds `COLUMNS` columns of all inputs, one input's behind the other's, so that what a
    block of outputs reads lies in one piece.

    Parameters
    ----------
    matrix, matrix_at
        As for `multiply_channels`.
    source, source_at
        Flat memory; the element where the first row's first panel starts, and how far apart rows
        lie. Panels of a row follow each other.
    target, target_at, size, mode
        As for `multiply_channels`.
    """
    panel = matrix_at[4] * COLUMNS
    for row in range(size[0]):
        for block in range(-(-size[1] // COLUMNS)):
            start = source_at[0] + row * source_at[1] + block * panel
            to = target_at[0] + row * target_at[1] + block * COLUMNS
            _multiply_column_block(
                matrix, matrix_at, source, (start, COLUMNS), target, (to, target_at[2]), mode
            )


def _make_outer_products_intrinsic(rows: int, columns: int) -> Any:
    """Return an intrinsic that sums products of `rows` and `columns` maps over all pixels."""

    @intrinsic
    def outer_block(typingctx, left, first, g_steps, right, start, x_steps, counts, sums, to, far):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            g, x, out = (
                code.data_pointer(kind, args[i]) for kind, i in ((left, 0), (right, 3), (sums, 7))
            )
            g_row, g_plane = (builder.extract_value(args[2], i) for i in range(2))
            x_row, x_plane = (builder.extract_value(args[5], i) for i in range(2))
            lines, vectors = (builder.extract_value(args[6], i) for i in range(2))
            one = ir.Constant(args[1].type, 1)
            slots = [
                [cgutils.alloca_once_value(builder, code.zero()) for _ in range(columns)]
                for _ in range(rows)
            ]
            with cgutils.for_range(builder, lines) as outside:
                g_line = builder.add(args[1], builder.mul(outside.index, g_row))
                x_line = builder.add(args[4], builder.mul(outside.index, x_row))
                with cgutils.for_range(builder, vectors) as inside:
                    along = builder.mul(inside.index, ir.Constant(one.type, NATIVE))
                    g_at, x_at = builder.add(g_line, along), builder.add(x_line, along)
                    factors = [
                        code.load(g, code.moved_index(g_at, (g_plane, row))) for row in range(rows)
                    ]
                    for column in range(columns):
                        found = code.load(x, code.moved_index(x_at, (x_plane, column)))
                        for row in range(rows):
                            slot = slots[row][column]
                            total = code.fma(found, factors[row], builder.load(slot))
                            builder.store(total, slot)
            for row in range(rows):
                for column in range(columns):
                    place = code.moved_index(args[8], (args[9], row), (one, column * NATIVE))
                    total = code.add(code.load(out, place), builder.load(slots[row][column]))
                    code.store(out, place, total)
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        return types.void(left, size, pair, right, size, pair, pair, sums, size, size), codegen

    return outer_block


_outer = _make_outer_products_intrinsic(*_OUTER)
_outer1 = _make_outer_products_intrinsic(1, 1)


@compiled
def add_outer_products(left, left_at, right, right_at, counts, size, sums, sums_at):  # type: ignore[no-untyped-def]
    """Add the gradient with respect to the matrix of a product over channels.

    Parameters
    ----------
    left, left_at
        The gradient with respect to the outputs: flat memory; the element of the first output's
        first pixel, and how far apart rows and channels lie. Beyond a map's last column it is zero.
    right, right_at
        The inputs, likewise.
    counts
        Outputs and inputs.
    size
        Height and width.
    sums, sums_at
        Flat memory, and the element from which on [outputs, inputs, `NATIVE`] partial sums are
        added to.
    """
    outputs, inputs = counts
    rows, columns = _OUTER
    tall, wide = outputs - outputs % rows, inputs - inputs % columns
    shape = (size[0], -(-size[1] // NATIVE))
    steps, others, far = (left_at[1], left_at[2]), (right_at[1], right_at[2]), inputs * NATIVE
    for i in range(0, tall, rows):
        for j in range(0, wide, columns):
            first, start = left_at[0] + i * left_at[2], right_at[0] + j * right_at[2]
            place = sums_at + (i * inputs + j) * NATIVE
            _outer(left, first, steps, right, start, others, shape, sums, place, far)
    for i in range(outputs):
        for j in range(inputs):
            if i >= tall or j >= wide:
                first, start = left_at[0] + i * left_at[2], right_at[0] + j * right_at[2]
                place = sums_at + (i * inputs + j) * NATIVE
                _outer1(left, first, steps, right, start, others, shape, sums, place, far)
