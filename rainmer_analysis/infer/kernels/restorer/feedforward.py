"""The mixed-scale feed-forward of a block, a band of rows and a few hidden channels at a time.

Each pair of hidden channels passes through both depthwise scales into the two outputs that read it
while it is in the cache, so nothing is put side by side, and no hidden map exists as a whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from rainmer_analysis.infer.kernels.restorer.maps import (
    LEFT,
    Map,
    Scratch,
    chunk_of,
    clear_columns,
    pitch_of,
)
from rainmer_analysis.infer.kernels.restorer.norm import normalise, normalised_room
from rainmer_analysis.infer.kernels.restorer.packing import after_norm, matrix, numbers
from rainmer_analysis.infer.kernels.restorer.threads import Threads, block_columns, block_rows
from rainmer_analysis.kernels import (
    ADD,
    COLUMNS,
    PUT,
    Array,
    aligned_zeros,
    compiled,
    convolve_channel,
    convolve_rectified,
    multiply_channels,
    multiply_panels,
)

__all__ = ["FeedForward"]

_REACH = 4  # of two convolutions of side 5, one behind the other
_BETWEEN = 2  # of the second of them
_BEYOND = 2 * _REACH + 4  # rows of a thread's maps beyond a band: whole blocks may be written
_STEP = 16  # rows of a chunk that are made at once
_KEPT = 24  # outputs of the second convolutions that are multiplied at once
_EVEN = 6  # outputs of a product come in such blocks


@compiled
def _hidden(u, start, u_row, kernel, taps, rows, t, to, columns):  # type: ignore[no-untyped-def]
    """Convolve rows of a hidden channel, rectify them, and end them where the map ends.

    `kernel` holds its side, and where its weights start; `rows` the first row, which may lie above
    the map, how many there are, and the map's height; `columns` how many there are, those of whole
    blocks, and the pitch.
    """
    first, count, height = rows
    width, wide, pitch = columns
    side, weights = kernel
    convolve_rectified(u, start, u_row, taps, weights, side, t, to, pitch, (count, width), False)
    for row in range(count):
        at = to + row * pitch
        if first + row < 0 or first + row >= height:
            t[at : at + width] = 0.0
        t[at + width : at + wide] = 0.0


@compiled
def _pair(u, place, group, taps, rows, t, found, goal, columns):  # type: ignore[no-untyped-def]
    """Make rows of an output of the second convolutions: of two hidden channels, convolved before.

    `group` holds, of each of both, the channel, the kernel's side, and where its weights start, and
    the second kernel's side and the start of its weights; `rows` the band's first row, the first
    and the last of those to make, as the band counts them, and the map's height; `columns`, besides
    those of `_hidden`, the first one to make and how many.
    """
    first, start, end, height = rows
    begin, count = start - _BETWEEN, end - start + 2 * _BETWEEN
    form, pitch = (columns[0], columns[1], columns[2]), columns[2]
    other = (_STEP + _BEYOND) * pitch
    for k in range(2):
        channel, side, weights = group[3 * k], group[3 * k + 1], group[3 * k + 2]
        at = place[0] + (_REACH + begin) * place[1] + channel * place[2]
        lines, to = (first + begin, count, height), LEFT + k * other
        _hidden(u, at, place[1], (side, weights), taps, lines, t, to, form)
    side, tap, size = group[6], group[7], (end - start, columns[4])
    at, to = LEFT + _BETWEEN * pitch + columns[3], goal[0] + start * goal[1]
    convolve_channel(t, at, pitch, taps, tap, (side, 1), found, to, goal[1], size, False)
    at, tap = at + other, tap + side * side
    convolve_rectified(t, at, pitch, taps, tap, side, found, to, goal[1], size, True)


@compiled
def _outputs(normed, u, place, chunk, groups, taps, entering, rows, t, found, kept, columns):  # type: ignore[no-untyped-def]
    """Make the outputs of a chunk, a few rows at a time, so that what they are made of stays near.

    `rows` holds the band's first row and how many it has, the first and the last row that are
    normalised, and the map's height.
    """
    first, count, top, last, height = rows
    begin, channels, group, outputs, before, depth = chunk
    wide = columns[1]
    factors = (begin * depth, depth, 1, channels, depth)
    for start in range(0, count, _STEP):
        end = min(start + _STEP, count)
        # what lies above was made with the rows before
        upper = max(first + (start + _REACH if start else -_REACH), top)
        lower = min(first + end + _REACH, last)
        if lower > upper:
            panels = ((upper - top) * wide * depth, wide * depth)
            entered = (place[0] + (upper - first + _REACH) * place[1], place[1], place[2])
            shape = (lower - upper, columns[0])
            multiply_panels(entering, factors, normed, panels, u, entered, shape, PUT)
        for k in range(outputs):
            to = (kept[0] + (before + k) * kept[2], kept[1])
            span = (first, start, end, height)
            _pair(u, place, groups[group + k], taps, span, t, found, to, columns)


@compiled
def _feed_forward(x, source, y, target, size, bands, plan, weights, memory, centred):  # type: ignore[no-untyped-def]
    """Add to a map what the feed-forward makes of it: y = x + f(norm(x)), block by block.

    `bands` holds the first row, the one behind the last, and rows and columns of a block; `plan`
    lists, chunk by chunk, where its factors start, how many hidden channels they make, where its
    groups start, how many there are, how many outputs wait before them, and how many are multiplied
    behind them; then the groups, see `_pair`, and the channels of `u` and of `found`.
    """
    height, width, channels = size
    chunks, groups, room = plan
    entering, taps, leaving = weights
    normed, u, t, found = memory
    depth = channels + 1
    for first in range(bands[0], bands[1], bands[2]):
        rows = min(bands[2], bands[1] - first)
        top, last = max(first - _REACH, 0), min(first + rows + _REACH, height)
        for left in range(0, width, bands[3]):
            across, begin = min(bands[3], width - left), max(left - _REACH, 0)
            inner = min(left + across + _REACH, width) - begin
            wide = -(-inner // COLUMNS) * COLUMNS
            pitch = wide + LEFT
            place, kept = (LEFT, room[0] * pitch, pitch), (LEFT, room[1] * pitch, pitch)
            columns = (inner, wide, pitch, left - begin, across)
            from_ = (source[0] + begin, source[1], source[2])
            normalise(x, from_, (height, inner, channels), (top, last), normed, centred)
            # what other blocks left between the channels
            u[: LEFT + (rows + _BEYOND) * room[0] * pitch] = 0.0
            t[: LEFT + 2 * (_STEP + _BEYOND) * pitch] = 0.0
            goal = (target[0] + first * target[1] + left, target[1], target[2])
            for row in range(rows):
                for channel in range(channels):
                    at = source[0] + (first + row) * source[1] + channel * source[2] + left
                    to = goal[0] + row * goal[1] + channel * goal[2]
                    y[to : to + across] = x[at : at + across]
            for number in range(len(chunks)):
                entry, count, group, outputs, before, many = chunks[number]
                chunk = (entry, count, group, outputs, before, depth)
                _outputs(
                    normed, u, place, chunk, groups, taps, entering,
                    (first, rows, top, last, height), t, found, kept, columns,
                )  # fmt: skip
                if many > 0:
                    factors = ((group + outputs - many) * channels, many, 1, channels, many)
                    multiply_channels(leaving, factors, found, kept, y, goal, (rows, across), ADD)
        goal = (target[0] + first * target[1], target[1], target[2])
        clear_columns(y, goal, rows, channels, (width, -(-width // COLUMNS) * COLUMNS))


class _Taps:
    """Kernels in memory, one behind the other, and where each starts."""

    def __init__(self) -> None:
        self.parts: list[Array] = []
        self.length = 0

    def add(self, kernel: torch.Tensor) -> int:
        start = self.length
        self.parts.append(numbers(kernel))
        self.length += len(self.parts[-1])
        return start


def _groups(ffn: Any, hidden: int, taps: _Taps) -> list[tuple[int, ...]]:
    """List the outputs of the second convolutions: two hidden channels, their kernels, its own."""
    seconds, firsts = (ffn.dwconv3x3_1, ffn.dwconv5x5_1), (ffn.dwconv3x3, ffn.dwconv5x5)
    found = []
    for half, second in enumerate(seconds):
        side = second.weight.shape[-1]
        for output in range(hidden):
            sources: list[int] = []
            for number in (2 * output, 2 * output + 1):
                # of [half of the small kernels' maps, half of the large ones']
                first = firsts[number // hidden]
                channel = half * hidden + number % hidden
                kernel = first.weight[channel]
                sources += [channel, kernel.shape[-1], taps.add(kernel)]
            tap = taps.add(second.weight[output])
            found.append((*sources, side, tap, half * hidden + output))
    return sorted(found, key=lambda group: max(group[0], group[3]))


def _chunks(
    groups: list[tuple[int, ...]], most: int
) -> list[tuple[list[int], list[tuple[int, ...]]]]:
    """Divide the groups into runs that read at most so many hidden channels, and list those."""
    found: list[tuple[list[int], list[tuple[int, ...]]]] = []
    known: list[int] = []
    run: list[tuple[int, ...]] = []
    for group in groups:
        more = sorted({group[0], group[3]} - set(known))
        if len(known) + len(more) > most or len(run) == most:
            found.append((known, run))
            known, run, more = [], [], sorted({group[0], group[3]})
        known, run = known + more, [*run, group]
    return [*found, (known, run)]


def _filled(rows: torch.Tensor) -> torch.Tensor:
    """Fill the rows of a matrix up with zeros, so that a product makes whole blocks of them."""
    return torch.cat([rows, rows.new_zeros(-len(rows) % _EVEN, rows.shape[1])])


class FeedForward:
    """A block's second half, with its norm and its shortcut.

    Parameters
    ----------
    norm, ffn
        The layers, without biases in their convolutions.
    """

    def __init__(self, norm: nn.Module, ffn: Any) -> None:
        entering, leaving = after_norm(ffn.project_in, norm), matrix(ffn.project_out)
        hidden, taps = leaving.shape[1] // 2, _Taps()
        chunk = chunk_of(len(leaving))
        runs = _chunks(_groups(ffn, hidden, taps), chunk)
        plan, before = [], 0
        groups: list[tuple[int, ...]] = []
        factors: list[torch.Tensor] = []
        outputs: list[Array] = []
        for number, (known, run) in enumerate(runs):
            waiting = before + len(run)
            last = number == len(runs) - 1 or waiting + len(runs[number + 1][1]) > _KEPT
            rows = _filled(entering[known])
            begin = sum(map(len, factors))
            plan.append((begin, len(rows), len(groups), len(run), before, waiting if last else 0))
            factors.append(rows)
            places = {channel: place for place, channel in enumerate(known)}
            groups += [(places[g[0]], *g[1:3], places[g[3]], *g[4:9]) for g in run]
            if last:
                outputs.append(numbers(leaving[:, [group[8] for group in groups[-waiting:]]]))
            before = 0 if last else waiting
        self._room = chunk, _KEPT
        self._plan = np.array(plan, np.int64), np.array(groups, np.int64), self._room
        entered = numbers(torch.cat(factors))
        self._weights = entered, np.concatenate(taps.parts), np.concatenate(outputs)
        self._centred = getattr(norm.body, "bias", None) is not None

    def __call__(self, x: Map, y: Map, threads: Threads, scratch: Scratch) -> None:
        """Write x + ffn(norm(x)) to `y`, which is another map."""
        height, width, channels = x.shape
        chunk, kept = self._room

        across = block_columns(width)
        rows = block_rows(min(across + 2 * _REACH, width) * (channels + 1))

        def room() -> tuple[Array, ...]:
            wide = min(across + 2 * _REACH, width)
            lines, pitch = min(rows, height) + _BEYOND, pitch_of(wide)
            counts = (lines * chunk, 2 * (_STEP + _BEYOND), lines * kept)
            maps = (aligned_zeros(LEFT + count * pitch) for count in counts)
            return normalised_room(lines, wide, channels), *maps

        def work(span: tuple[int, int]) -> None:
            memory = scratch.of(("feed-forward", channels, width), room)
            _feed_forward(
                x.flat, x.place, y.flat, y.place, (height, width, channels), (*span, rows, across),
                self._plan, self._weights, memory, self._centred,
            )  # fmt: skip

        threads.over_rows(height, work)
