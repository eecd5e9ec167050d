"""Depthwise convolutions of HCW maps, and their gradients with respect to the weights.

The gradient with respect to the input is the convolution with the mirrored kernel.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rainmer_analysis.kernels.hcw_maps.vector_code import COLUMNS, NATIVE, VECTORS, VectorCode
from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.simd_vectors import WIDE

__all__ = ["BLOCK_ROWS", "add_depthwise_gradient", "convolve_channel", "convolve_channel_and_relu"]

_ROWS = 4  # of a block of outputs
BLOCK_ROWS = 2 * _ROWS  # whole blocks, also where the dilation is 2
_TAP_ROWS = 4 if WIDE else 2  # whose sums fit into registers at once


def _make_convolution_intrinsic(side: int, add: bool, rectify: bool = False) -> Any:
    """Return an intrinsic that convolves a block of outputs, 4 rows of `COLUMNS`, or adds to it."""

    @intrinsic
    def convolve_block(typingctx, source, at, steps, kernels, taps, target, to, leap):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            x, w, y = (
                code.data_pointer(kind, args[i])
                for kind, i in ((source, 0), (kernels, 3), (target, 5))
            )
            down, across = (builder.extract_value(args[2], i) for i in range(2))
            one = ir.Constant(args[1].type, 1)
            places = [
                [
                    code.moved_index(args[6], (args[7], row), (one, v * NATIVE))
                    for v in range(VECTORS)
                ]
                for row in range(_ROWS)
            ]
            sums = [
                [code.load(y, place) if add else code.zero() for place in line] for line in places
            ]
            for row in range(_ROWS + side - 1):
                for tap in range(side):
                    start = code.moved_index(args[1], (down, row), (across, tap))
                    found = [
                        code.load(x, code.moved_index(start, (one, v * NATIVE)))
                        for v in range(VECTORS)
                    ]
                    for out in range(max(0, row - side + 1), min(_ROWS, row + 1)):
                        place = code.moved_index(args[4], (one, (row - out) * side + tap))
                        factor = code.load_broadcast(w, place)
                        sums[out] = [
                            code.fma(vector, factor, total)
                            for vector, total in zip(found, sums[out], strict=True)
                        ]
            for line, totals in zip(places, sums, strict=True):
                for place, total in zip(line, totals, strict=True):
                    code.store(y, place, code.relu(total) if rectify else total)
            return context.get_dummy_value()

        pair = types.UniTuple(types.intp, 2)
        size = types.intp
        return types.void(source, size, pair, kernels, size, target, size, size), codegen

    return convolve_block


_put3, _put5, _put7 = (_make_convolution_intrinsic(side, False) for side in (3, 5, 7))
_add3, _add5, _add7 = (_make_convolution_intrinsic(side, True) for side in (3, 5, 7))
_rectified3, _rectified5 = (_make_convolution_intrinsic(side, False, True) for side in (3, 5))
_sum_rectified3, _sum_rectified5 = (
    _make_convolution_intrinsic(side, True, True) for side in (3, 5)
)


@compiled
def convolve_channel(  # type: ignore[no-untyped-def]
    source, source_at, source_row, kernels, taps, form, target, target_at, target_row, size, add
):
    """Convolve one channel's map with its kernel.

    Parameters
    ----------
    source, source_at, source_row
        Flat memory, the element of the map's first pixel, and how far apart its rows lie; around
        the map there are zeros.
    kernels, taps
        Flat memory, and the element of the kernel's first weight.
    form
        The kernel's side (3, 5 or 7) and its dilation (1 or 2).
    target, target_at, target_row
        Written, as for `source`: whole blocks, so also beyond the map's last row and column.
    size
        Height and width.
    add
        Whether the result is added to what is there.
    """
    side, dilation = form
    height, width = size
    reach, leap = dilation * (side // 2), dilation * _ROWS
    steps = (dilation * source_row, dilation)
    for row in range(-(-height // leap) * dilation):
        down = row // dilation * leap + row % dilation
        for across in range(0, width, COLUMNS):
            at = source_at + (down - reach) * source_row + across - reach
            place, far = target_at + down * target_row + across, dilation * target_row
            if add:
                if side == 3:
                    _add3(source, at, steps, kernels, taps, target, place, far)
                elif side == 5:
                    _add5(source, at, steps, kernels, taps, target, place, far)
                else:
                    _add7(source, at, steps, kernels, taps, target, place, far)
            elif side == 3:
                _put3(source, at, steps, kernels, taps, target, place, far)
            elif side == 5:
                _put5(source, at, steps, kernels, taps, target, place, far)
            else:
                _put7(source, at, steps, kernels, taps, target, place, far)


@compiled
def convolve_channel_and_relu(  # type: ignore[no-untyped-def]
    source, source_at, source_row, kernels, taps, side, target, target_at, target_row, size, add
):
    """Convolve one channel's map with its kernel of side 3 or 5, without dilation, and rectify.

    Parameters
    ----------
    source, source_at, source_row, kernels, taps, target, target_at, target_row, size
        As for `convolve_channel`.
    side
        Of the kernel.
    add
        Whether what is there is added before the sum is rectified.
    """
    height, width = size
    reach, steps = side // 2, (source_row, 1)
    for down in range(0, height, _ROWS):
        for across in range(0, width, COLUMNS):
            at = source_at + (down - reach) * source_row + across - reach
            place = target_at + down * target_row + across
            if add:
                if side == 3:
                    _sum_rectified3(source, at, steps, kernels, taps, target, place, target_row)
                else:
                    _sum_rectified5(source, at, steps, kernels, taps, target, place, target_row)
            elif side == 3:
                _rectified3(source, at, steps, kernels, taps, target, place, target_row)
            else:
                _rectified5(source, at, steps, kernels, taps, target, place, target_row)


def _make_gradient_intrinsic(side: int, rows: int) -> Any:
    """Return an intrinsic that adds up the gradient of so many rows of taps over a whole map."""

    @intrinsic
    def add_tap_rows(typingctx, source, at, x_row, grad, start, g_row, counts, steps, sums, to):  # type: ignore[no-untyped-def] # noqa: ARG001
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            code = VectorCode(context, builder)
            x, g, out = (
                code.data_pointer(kind, args[i]) for kind, i in ((source, 0), (grad, 3), (sums, 8))
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
                        code.load(g, code.moved_index(other, (down, -row))) for row in range(rows)
                    ]
                    for tap in range(side):
                        found = code.load(x, code.moved_index(place, (across, tap)))
                        for row in range(rows):
                            slot = slots[row][tap]
                            total = code.fma(found, factors[row], builder.load(slot))
                            builder.store(total, slot)
            for number in range(rows * side):
                place = code.moved_index(args[9], (one, number * NATIVE))
                slot = slots[number // side][number % side]
                total = code.add(code.load(out, place), builder.load(slot))
                code.store(out, place, total)
            return context.get_dummy_value()

        pair, size = types.UniTuple(types.intp, 2), types.intp
        return types.void(source, size, size, grad, size, size, pair, pair, sums, size), codegen

    return add_tap_rows


_last3, _last5, _last7 = (_make_gradient_intrinsic(side, side % _TAP_ROWS) for side in (3, 5, 7))
_rows3, _rows5, _rows7 = (
    _make_gradient_intrinsic(side, min(side, _TAP_ROWS)) for side in (3, 5, 7)
)


@compiled
def add_depthwise_gradient(  # type: ignore[no-untyped-def]
    source, source_at, source_row, grad, grad_at, grad_row, form, size, sums, sums_at
):
    """Add one channel's gradient with respect to its kernel.

    Parameters
    ----------
    source, source_at, source_row
        The input's map, as for `convolve_channel`.
    grad, grad_at, grad_row
        The gradient with respect to the output, likewise; beyond the map it is zero.
    form
        The kernel's side and dilation.
    size
        Height and width.
    sums, sums_at
        Flat memory, and the element from which on `NATIVE` partial sums of each weight are added
        to.
    """
    side, dilation = form
    height, width = size
    reach = dilation * (side // 2)
    vectors = -(-width // NATIVE)
    steps = (dilation * grad_row, dilation)
    for tap in range(0, side, _TAP_ROWS):
        rows = min(_TAP_ROWS, side - tap)
        above = dilation * tap - reach  # of the input's row, against the gradient's
        at = source_at + above * source_row - reach
        counts = (height + dilation * (rows - 1), vectors)
        place = sums_at + tap * side * NATIVE
        if rows in (_TAP_ROWS, side):
            if side == 3:
                _rows3(source, at, source_row, grad, grad_at, grad_row, counts, steps, sums, place)
            elif side == 5:
                _rows5(source, at, source_row, grad, grad_at, grad_row, counts, steps, sums, place)
            else:
                _rows7(source, at, source_row, grad, grad_at, grad_row, counts, steps, sums, place)
        elif side == 3:
            _last3(source, at, source_row, grad, grad_at, grad_row, counts, steps, sums, place)
        elif side == 5:
            _last5(source, at, source_row, grad, grad_at, grad_row, counts, steps, sums, place)
        else:
            _last7(source, at, source_row, grad, grad_at, grad_row, counts, steps, sums, place)
