"""Depthwise convolutions of planar maps, and their gradients with respect to the weights.

The gradient with respect to the input is the convolution with the mirrored kernel.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rainmer_analysis.kernels.planar.vector_code import COLUMNS, NATIVE, VECTORS, VectorCode
from rainmer_analysis.kernels.simd_vectors import WIDE, compiled

__all__ = ["BLOCK_ROWS", "add_weight_gradient", "convolve_channel", "convolve_rectified"]

_ROWS = 4  # of a block of outputs
BLOCK_ROWS = 2 * _ROWS  # whole blocks, also where the dilation is 2
_TAP_ROWS = 4 if WIDE else 2  # whose sums fit into registers at once


def _compile_convolution_block(side: int, onto: bool, rectify: bool = False) -> Any:
    """Return what convolves a block of outputs, 4 rows of `COLUMNS`, or adds to it."""

    @intrinsic
    def block(typingctx, x, at, steps, w, taps, y, to, leap):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            source, kernel, target = (
                code.data(kind, args[i]) for kind, i in ((x, 0), (w, 3), (y, 5))
            )
            down, across = (builder.extract_value(args[2], i) for i in range(2))
            one = ir.Constant(args[1].type, 1)
            places = [
                [code.offset(args[6], (args[7], row), (one, v * NATIVE)) for v in range(VECTORS)]
                for row in range(_ROWS)
            ]
            sums = [
                [code.load(target, place) if onto else code.zero() for place in line]
                for line in places
            ]
            for row in range(_ROWS + side - 1):
                for tap in range(side):
                    start = code.offset(args[1], (down, row), (across, tap))
                    found = [
                        code.load(source, code.offset(start, (one, v * NATIVE)))
                        for v in range(VECTORS)
                    ]
                    for out in range(max(0, row - side + 1), min(_ROWS, row + 1)):
                        place = code.offset(args[4], (one, (row - out) * side + tap))
                        factor = code.broadcast(kernel, place)
                        sums[out] = [
                            code.fma(vector, factor, total)
                            for vector, total in zip(found, sums[out], strict=True)
                        ]
            for line, totals in zip(places, sums, strict=True):
                for place, total in zip(line, totals, strict=True):
                    code.store(target, place, code.relu(total) if rectify else total)
            return context.get_dummy_value()

        pair = types.UniTuple(types.intp, 2)
        size = types.intp
        return types.void(x, size, pair, w, size, y, size, size), generate

    return block


_put3, _put5, _put7 = (_compile_convolution_block(side, False) for side in (3, 5, 7))
_add3, _add5, _add7 = (_compile_convolution_block(side, True) for side in (3, 5, 7))
_rectified3, _rectified5 = (_compile_convolution_block(side, False, True) for side in (3, 5))
_sum_rectified3, _sum_rectified5 = (_compile_convolution_block(side, True, True) for side in (3, 5))


@compiled
def convolve_channel(x, start, x_row, w, taps, form, y, to, y_row, size, onto):  # type: ignore[no-untyped-def]
    """Convolve one channel's map with its kernel.

    Parameters
    ----------
    x, start, x_row
        Flat memory, the element of the map's first pixel, and how far apart its rows lie; around
        the map there are zeros.
    w, taps
        Flat memory, and the element of the kernel's first weight.
    form
        The kernel's side (3, 5 or 7) and its dilation (1 or 2).
    y, to, y_row
        Written, as for `x`: whole blocks, so also beyond the map's last row and column.
    size
        Height and width.
    onto
        Whether the result is added to what is there.
    """
    side, dilation = form
    height, width = size
    reach, leap = dilation * (side // 2), dilation * _ROWS
    steps = (dilation * x_row, dilation)
    for row in range(-(-height // leap) * dilation):
        down = row // dilation * leap + row % dilation
        for across in range(0, width, COLUMNS):
            at = start + (down - reach) * x_row + across - reach
            place, far = to + down * y_row + across, dilation * y_row
            if onto:
                if side == 3:
                    _add3(x, at, steps, w, taps, y, place, far)
                elif side == 5:
                    _add5(x, at, steps, w, taps, y, place, far)
                else:
                    _add7(x, at, steps, w, taps, y, place, far)
            elif side == 3:
                _put3(x, at, steps, w, taps, y, place, far)
            elif side == 5:
                _put5(x, at, steps, w, taps, y, place, far)
            else:
                _put7(x, at, steps, w, taps, y, place, far)


@compiled
def convolve_rectified(x, start, x_row, w, taps, side, y, to, y_row, size, onto):  # type: ignore[no-untyped-def]
    """Convolve one channel's map with its kernel of side 3 or 5, without dilation, and rectify.

    Parameters
    ----------
    x, start, x_row, w, taps, y, to, y_row, size
        As for `convolve_channel`.
    side
        Of the kernel.
    onto
        Whether what is there is added before the sum is rectified.
    """
    height, width = size
    reach, steps = side // 2, (x_row, 1)
    for down in range(0, height, _ROWS):
        for across in range(0, width, COLUMNS):
            at = start + (down - reach) * x_row + across - reach
            place = to + down * y_row + across
            if onto:
                if side == 3:
                    _sum_rectified3(x, at, steps, w, taps, y, place, y_row)
                else:
                    _sum_rectified5(x, at, steps, w, taps, y, place, y_row)
            elif side == 3:
                _rectified3(x, at, steps, w, taps, y, place, y_row)
            else:
                _rectified5(x, at, steps, w, taps, y, place, y_row)


def _compile_gradient_line(side: int, rows: int) -> Any:
    """Return what adds up the gradient of so many rows of taps over a whole map."""

    @intrinsic
    def line(typingctx, x, at, x_row, g, start, g_row, counts, steps, out, to):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            source, outer, target = (
                code.data(kind, args[i]) for kind, i in ((x, 0), (g, 3), (out, 8))
            )
            down, across = (builder.extract_value(args[7], i) for i in range(2))
            lines, vectors = (builder.extract_value(args[6], i) for i in range(2))
            one = ir.Constant(args[1].type, 1)
            slots = [
                [cgutils.alloca_once_value(builder, code.zero()) for _ in range(side)]
                for _ in range(rows)
            ]
            with cgutils.for_range(builder, lines) as outside:
                x_line = builder.add(args[1], builder.mul(outside.index, args[2]))
                g_line = builder.add(args[4], builder.mul(outside.index, args[5]))
                with cgutils.for_range(builder, vectors) as inside:
                    along = builder.mul(inside.index, ir.Constant(one.type, NATIVE))
                    place = builder.add(x_line, along)
                    other = builder.add(g_line, along)
                    # the row of taps below meets the row of gradients above
                    factors = [
                        code.load(outer, code.offset(other, (down, -row))) for row in range(rows)
                    ]
                    for tap in range(side):
                        found = code.load(source, code.offset(place, (across, tap)))
                        for row in range(rows):
                            slot = slots[row][tap]
                            total = code.fma(found, factors[row], builder.load(slot))
                            builder.store(total, slot)
            for number in range(rows * side):
                place = code.offset(args[9], (one, number * NATIVE))
                slot = slots[number // side][number % side]
                total = code.add(code.load(target, place), builder.load(slot))
                code.store(target, place, total)
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        return types.void(x, size, size, g, size, size, pair, pair, out, size), generate

    return line


_last3, _last5, _last7 = (_compile_gradient_line(side, side % _TAP_ROWS) for side in (3, 5, 7))
_rows3, _rows5, _rows7 = (_compile_gradient_line(side, min(side, _TAP_ROWS)) for side in (3, 5, 7))


@compiled
def add_weight_gradient(x, start, x_row, g, first, g_row, form, size, out, to):  # type: ignore[no-untyped-def]
    """Add one channel's gradient with respect to its kernel.

    Parameters
    ----------
    x, start, x_row
        The input's map, as for `convolve_channel`.
    g, first, g_row
        The gradient with respect to the output, likewise; beyond the map it is zero.
    form
        The kernel's side and dilation.
    size
        Height and width.
    out, to
        Flat memory, and the element from which on `NATIVE` partial sums of each weight are added
        to.
    """
    side, dilation = form
    height, width = size
    reach = dilation * (side // 2)
    vectors = -(-width // NATIVE)
    steps = (dilation * g_row, dilation)
    for tap in range(0, side, _TAP_ROWS):
        rows = min(_TAP_ROWS, side - tap)
        above = dilation * tap - reach  # of the input's row, against the gradient's
        at = start + above * x_row - reach
        counts = (height + dilation * (rows - 1), vectors)
        place = to + tap * side * NATIVE
        if rows in (_TAP_ROWS, side):
            if side == 3:
                _rows3(x, at, x_row, g, first, g_row, counts, steps, out, place)
            elif side == 5:
                _rows5(x, at, x_row, g, first, g_row, counts, steps, out, place)
            else:
                _rows7(x, at, x_row, g, first, g_row, counts, steps, out, place)
        elif side == 3:
            _last3(x, at, x_row, g, first, g_row, counts, steps, out, place)
        elif side == 5:
            _last5(x, at, x_row, g, first, g_row, counts, steps, out, place)
        else:
            _last7(x, at, x_row, g, first, g_row, counts, steps, out, place)
