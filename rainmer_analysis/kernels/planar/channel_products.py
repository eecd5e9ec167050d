"""Products over the channels of planar maps, and their gradients with respect to the matrix."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rainmer_analysis.kernels.planar.vector_code import COLUMNS, NATIVE, VECTORS, VectorCode
from rainmer_analysis.kernels.simd_vectors import WIDE, compiled

__all__ = [
    "ADD",
    "PUT",
    "RECTIFY",
    "add_outer_products",
    "multiply_channels",
    "multiply_panels",
]

PUT, RECTIFY, ADD = 0, 1, 2  # what becomes of a product
_TALL = 12 if WIDE else 6  # outputs of a block, whose sums fit into registers
_OUTER = (6, 4) if WIDE else (3, 4)


def _compile_product_block(rows: int, way: int) -> Any:
    """Return what makes a block of a product: so many outputs, `COLUMNS` columns."""

    @intrinsic
    def block(typingctx, w, at, steps, x, start, plane, depth, y, to, y_plane):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            matrix, source, target = (
                code.data(kind, args[i]) for kind, i in ((w, 0), (x, 3), (y, 7))
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
                    code.load(source, code.offset(place, (one, v * NATIVE))) for v in range(VECTORS)
                ]
                column = builder.add(args[1], builder.mul(loop.index, across))
                for row in range(rows):
                    factor = code.broadcast(matrix, code.offset(column, (down, row)))
                    for vector, slot in zip(found, slots[row], strict=True):
                        builder.store(code.fma(vector, factor, builder.load(slot)), slot)
            for row in range(rows):
                for v, slot in enumerate(slots[row]):
                    place = code.offset(args[8], (args[9], row), (one, v * NATIVE))
                    total = builder.load(slot)
                    if way == RECTIFY:
                        total = code.relu(total)
                    elif way == ADD:
                        total = code.add(total, code.load(target, place))
                    code.store(target, place, total)
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        return types.void(w, size, pair, x, size, size, size, y, size, size), generate

    return block


_put, _rectify, _add = (_compile_product_block(_TALL, way) for way in (PUT, RECTIFY, ADD))
_put1, _rectify1, _add1 = (_compile_product_block(1, way) for way in (PUT, RECTIFY, ADD))


@compiled
def _multiply_column_block(w, matrix, x, source, y, target, way):  # type: ignore[no-untyped-def]
    """Make all outputs of a block of columns; places are of the first channel, and of the next."""
    at, down, across, outputs, inputs = matrix
    start, plane = source
    to, y_plane = target
    steps = (down, across)
    out = 0
    while out < outputs:
        first, place = at + out * down, to + out * y_plane
        if outputs - out >= _TALL:
            if way == PUT:
                _put(w, first, steps, x, start, plane, inputs, y, place, y_plane)
            elif way == RECTIFY:
                _rectify(w, first, steps, x, start, plane, inputs, y, place, y_plane)
            else:
                _add(w, first, steps, x, start, plane, inputs, y, place, y_plane)
            out += _TALL
        else:
            if way == PUT:
                _put1(w, first, steps, x, start, plane, inputs, y, place, y_plane)
            elif way == RECTIFY:
                _rectify1(w, first, steps, x, start, plane, inputs, y, place, y_plane)
            else:
                _add1(w, first, steps, x, start, plane, inputs, y, place, y_plane)
            out += 1


@compiled
def multiply_channels(w, matrix, x, source, y, target, size, way):  # type: ignore[no-untyped-def]
    """Multiply the channels of a map by a matrix.

    Parameters
    ----------
    w, matrix
        Flat memory; the element of the first factor, how far apart outputs and inputs lie in the
        matrix, and how many outputs and inputs there are.
    x, source
        Flat memory; the element of the first input's first pixel, and how far apart rows and
        channels lie.
    y, target
        Written, as for `x`: whole blocks, so also beyond a map's last column.
    size
        Height and width.
    way
        ``PUT`` the product, ``RECTIFY`` it, or ``ADD`` it to what is there.
    """
    for row in range(size[0]):
        for column in range(0, size[1], COLUMNS):
            start = source[0] + row * source[1] + column
            to = target[0] + row * target[1] + column
            _multiply_column_block(w, matrix, x, (start, source[2]), y, (to, target[2]), way)


@compiled
def multiply_panels(w, matrix, x, source, y, target, size, way):  # type: ignore[no-untyped-def]
    """Multiply the channels of a map in panels by a matrix.

    A panel holds `COLUMNS` columns of all inputs, one input's behind the other's, so that what a
    block of outputs reads lies in one piece.

    Parameters
    ----------
    w, matrix
        As for `multiply_channels`.
    x, source
        Flat memory; the element where the first row's first panel starts, and how far apart rows
        lie. Panels of a row follow each other.
    y, target, size, way
        As for `multiply_channels`.
    """
    panel = matrix[4] * COLUMNS
    for row in range(size[0]):
        for block in range(-(-size[1] // COLUMNS)):
            start = source[0] + row * source[1] + block * panel
            to = target[0] + row * target[1] + block * COLUMNS
            _multiply_column_block(w, matrix, x, (start, COLUMNS), y, (to, target[2]), way)


def _compile_outer_products(rows: int, columns: int) -> Any:
    """Return what sums the products of so many maps with so many others over all pixels."""

    @intrinsic
    def products(typingctx, g, first, g_steps, x, start, x_steps, counts, out, to, out_row):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            left, right, target = (
                code.data(kind, args[i]) for kind, i in ((g, 0), (x, 3), (out, 7))
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
                        code.load(left, code.offset(g_at, (g_plane, row))) for row in range(rows)
                    ]
                    for column in range(columns):
                        found = code.load(right, code.offset(x_at, (x_plane, column)))
                        for row in range(rows):
                            slot = slots[row][column]
                            total = code.fma(found, factors[row], builder.load(slot))
                            builder.store(total, slot)
            for row in range(rows):
                for column in range(columns):
                    place = code.offset(args[8], (args[9], row), (one, column * NATIVE))
                    total = code.add(code.load(target, place), builder.load(slots[row][column]))
                    code.store(target, place, total)
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        return types.void(g, size, pair, x, size, pair, pair, out, size, size), generate

    return products


_outer = _compile_outer_products(*_OUTER)
_outer1 = _compile_outer_products(1, 1)


@compiled
def add_outer_products(g, left, x, right, counts, size, out, to):  # type: ignore[no-untyped-def]
    """Add the gradient with respect to the matrix of a product over channels.

    Parameters
    ----------
    g, left
        The gradient with respect to the outputs: flat memory; the element of the first output's
        first pixel, and how far apart rows and channels lie. Beyond a map's last column it is zero.
    x, right
        The inputs, likewise.
    counts
        Outputs and inputs.
    size
        Height and width.
    out, to
        Flat memory, and the element from which on [outputs, inputs, `NATIVE`] partial sums are
        added to.
    """
    outputs, inputs = counts
    rows, columns = _OUTER
    tall, wide = outputs - outputs % rows, inputs - inputs % columns
    shape = (size[0], -(-size[1] // NATIVE))
    steps, others, far = (left[1], left[2]), (right[1], right[2]), inputs * NATIVE
    for i in range(0, tall, rows):
        for j in range(0, wide, columns):
            first, start = left[0] + i * left[2], right[0] + j * right[2]
            place = to + (i * inputs + j) * NATIVE
            _outer(g, first, steps, x, start, others, shape, out, place, far)
    for i in range(outputs):
        for j in range(inputs):
            if i >= tall or j >= wide:
                first, start = left[0] + i * left[2], right[0] + j * right[2]
                place = to + (i * inputs + j) * NATIVE
                _outer1(g, first, steps, x, start, others, shape, out, place, far)
