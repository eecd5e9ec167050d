"""Depthwise convolutions of rectified maps: a block of outputs of 16 channels at a time.

A row of inputs is loaded once for all rows of outputs that it reaches, so nearly every instruction
is a multiplication. With a dilation the outputs of a block lie as far apart as the taps do, and
share their inputs in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from rainmer_analysis.infer.kernels.simd import LANES, Memory, Vector, compiled

__all__ = ["ROWS", "depthwise"]

_SIDE = 4  # of a block: its 16 sums and a row of its inputs fit into registers
ROWS = 2 * _SIDE  # a strip: whole blocks, also where the dilation is 2


def _sums(
    side: int, read: Callable[[int, int], Vector], weight: Callable[[int], Vector]
) -> dict[tuple[int, int], Vector]:
    """Sum up a block of outputs, from what gives the input at a row and column, and a weight."""
    sums: dict[tuple[int, int], Vector] = {}
    for row in range(_SIDE + side - 1):
        line = [read(row, column) for column in range(_SIDE + side - 1)]
        for down in range(max(0, row - side + 1), min(_SIDE, row + 1)):
            for tap in range(side):
                factor = weight((row - down) * side + tap)
                for across in range(_SIDE):
                    part = line[across + tap] * factor
                    known = sums.get((down, across))
                    sums[down, across] = part if known is None else known + part
    return sums


def _block(side: int) -> Any:
    """Give what convolves a block of outputs with kernels of this side."""

    @intrinsic
    def block(typingctx, x, at, steps, w, tap, y, to, leaps):  # type: ignore[no-untyped-def] # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
            made = (context, builder)
            source, kernel, target = (
                Memory(made, kind, args[i]) for kind, i in ((x, 0), (w, 3), (y, 5))
            )

            def far(start: Any, step: Any, times: int) -> Any:
                return builder.add(start, builder.mul(step, step.type(times)))

            def place(start: Any, pair: Any, row: int, column: int) -> Any:
                down, across = (builder.extract_value(pair, i) for i in range(2))
                return far(far(start, down, row), across, column)

            def read(row: int, column: int) -> Vector:
                return source.load(place(args[1], args[2], row, column)).larger(0)

            def weight(number: int) -> Vector:
                first, step = (builder.extract_value(args[4], i) for i in range(2))
                return kernel.load(far(first, step, number))

            for (row, column), found in _sums(side, read, weight).items():
                target.store(place(args[6], args[7], row, column), found)
            return context.get_dummy_value()

        pair = types.UniTuple(types.intp, 2)
        return types.void(x, types.intp, pair, w, pair, y, types.intp, pair), generate

    return block


_block1, _block3, _block5, _block7 = (_block(side) for side in (1, 3, 5, 7))


@compiled
def depthwise(x, first, shape, layers, w, apart, y):  # type: ignore[no-untyped-def]
    """Convolve a strip of maps, max(x, 0), with a kernel for each channel, layer after layer.

    Parameters
    ----------
    x
        The maps, flat [..., pitch, channels]; what lies around their pixels is zero.
    first
        The pixel at which the strip starts, counted from the start of a map.
    shape
        Pixels of a row, at least 8; pitch of the rows of `x` and `y`; slots of a pixel of `y`;
        channels of a slot.
    layers
        For each layer the kernel's side (1, 3, 5 or 7) and dilation (1 or 2), and where its
        weights start in `w`.
    w
        Kernels, flat float32 [side * side, channels] each.
    apart
        How far apart the layers' maps lie in `x`, and the first numbers of their strips in `y`.
    y
        Written, flat: a strip of `ROWS` rows, [ROWS, pitch, slots, channels], for each layer.
    """
    columns, pitch, slots, channels = shape
    wide = slots * channels
    for layer in range(len(layers)):
        side, dilation, weights = layers[layer]
        source, target = layer * apart[0], layer * apart[1]
        reach, leap = dilation * (side // 2), dilation * _SIDE
        steps = (dilation * pitch * channels, dilation * channels)
        leaps = (dilation * pitch * wide, dilation * wide)
        for row in range(ROWS // leap * dilation):
            down = row // dilation * leap + row % dilation
            for group in range(-(-columns // leap) * dilation):
                # the last blocks of a row start where they end with the row
                across = min(group // dilation * leap, columns - leap) + group % dilation
                corner = first + (down - reach) * pitch + across - reach
                for c in range(0, channels, LANES):
                    at, tap = source + corner * channels + c, (weights + c, channels)
                    to = target + (down * pitch + across) * wide + c
                    if side == 1:
                        _block1(x, at, steps, w, tap, y, to, leaps)
                    elif side == 3:
                        _block3(x, at, steps, w, tap, y, to, leaps)
                    elif side == 5:
                        _block5(x, at, steps, w, tap, y, to, leaps)
                    else:
                        _block7(x, at, steps, w, tap, y, to, leaps)
