"""The mixed-scale feed-forward of a block, a band of rows and a few hidden channels at a time.

Each pair of hidden channels passes through both depthwise scales into the two outputs that read it
while it is in the cache, so nothing is put side by side, and no hidden map exists as a whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from rainmer_analysis.infer.kernels.restorer.band_threads import (
    Bands,
    BandThreads,
    WorkspaceCache,
    rows_per_band,
)
from rainmer_analysis.infer.kernels.restorer.banded_layer_norm import (
    layer_norm_panels,
    layer_norm_rows,
)
from rainmer_analysis.infer.kernels.restorer.hcw_map import (
    LEFT,
    HcwMap,
    channel_pitch,
    channels_per_chunk,
    clear_columns,
    clear_rows_outside,
)
from rainmer_analysis.infer.kernels.restorer.packed_layers import (
    fold_norm_into_matrix,
    to_flat_float32,
    weight_matrix,
)
from rainmer_analysis.kernels.hcw_maps import (
    ADD,
    COLUMNS,
    STORE,
    Array,
    aligned_zeros,
    compiled,
    convolve_channel,
    convolve_channel_and_relu,
    multiply_channels,
    multiply_channels_in_panels,
)

__all__ = ["BandedFeedForward"]

_REACH = 4  # of two convolutions of side 5, one behind the other
_BETWEEN = 2  # of the second of them
_BEYOND = 2 * _REACH + 4  # rows of a thread's maps beyond a band: whole blocks may be written
_KEPT = 24  # outputs of the second convolutions that are multiplied at once
_EVEN = 6  # outputs of a product come in such blocks


@compiled
def _convolve_hidden_channel(hidden, hidden_at, kernel, taps, rows, out, out_at, columns):  # type: ignore[no-untyped-def]
    """Convolve a hidden channel, rectify it, and end it where the map ends.

    `kernel` holds the channel, the kernel's side, and where its weights start; `rows` the first
    row, which may lie above the map, how many there are, and the map's height; `columns` the
    map's, those of whole blocks, and the pitch.
    """
    channel, side, weights = kernel
    first, count, height = rows
    width, wide, pitch = columns
    start = hidden_at[0] + (_REACH - _BETWEEN) * hidden_at[1] + channel * hidden_at[2]
    convolve_channel_and_relu(
        hidden, start, hidden_at[1], taps, weights, side, out, out_at, pitch, (count, width), False
    )
    for row in range(count):
        at = out_at + row * pitch
        if first + row < 0 or first + row >= height:
            out[at : at + width] = 0.0
        out[at + width : at + wide] = 0.0


@compiled
def _convolve_channel_pair(  # type: ignore[no-untyped-def]
    hidden, hidden_at, pair, taps, rows, between, out, out_at, out_row, columns
):
    """Make one output of the second convolutions: of two hidden channels, each convolved before.

    `pair` holds, of each of both, the channel, the kernel's side, and where its weights start, and
    the second kernel's side and the start of its weights; `rows` the band's first row, how many
    it has, and the map's height.
    """
    width, pitch = columns[0], columns[2]
    other = (rows[1] + _BEYOND) * pitch
    lines = (rows[0] - _BETWEEN, rows[1] + 2 * _BETWEEN, rows[2])
    _convolve_hidden_channel(
        hidden, hidden_at, (pair[0], pair[1], pair[2]), taps, lines, between, LEFT, columns
    )
    _convolve_hidden_channel(
        hidden, hidden_at, (pair[3], pair[4], pair[5]), taps, lines, between, LEFT + other, columns
    )
    side, tap, at = pair[6], pair[7], LEFT + _BETWEEN * pitch
    size = (rows[1], width)
    convolve_channel(between, at, pitch, taps, tap, (side, 1), out, out_at, out_row, size, False)
    tap += side * side
    convolve_channel_and_relu(
        between, at + other, pitch, taps, tap, side, out, out_at, out_row, size, True
    )


@compiled
def _run_feed_forward(  # type: ignore[no-untyped-def]
    x, x_at, out, out_at, size, bands, plan, weights, workspace, centred
):
    """Add to a map what the feed-forward makes of it: y = x + f(norm(x)), in bands of rows.

    `plan` lists, chunk by chunk, where its factors start, how many hidden channels they make, where
    its groups start, how many there are, how many outputs wait before them, and how many are
    multiplied behind them; then the pairs, see `_convolve_channel_pair`, and the channels of
    `u` and of `found`.
    """
    height, width, channels = size
    chunks, groups, room = plan
    project_in, taps, project_out = weights
    normed, u, t, found = workspace
    wide = -(-width // COLUMNS) * COLUMNS
    pitch, depth = wide + LEFT, channels + 1
    place, kept = (LEFT, room[0] * pitch, pitch), (LEFT, room[1] * pitch, pitch)
    for first in range(bands[0], bands[1], bands[2]):
        rows = min(bands[2], height - first)
        top, last = max(first - _REACH, 0), min(first + rows + _REACH, height)
        layer_norm_rows(x, x_at, size, (top, last), normed, centred)
        start, end = top - first + _REACH, last - first + _REACH
        clear_rows_outside(u, place, (start, end), (rows + 2 * _REACH, room[0], wide))
        entered = (place[0] + start * place[1], place[1], place[2])
        goal = (out_at[0] + first * out_at[1], out_at[1], out_at[2])
        for row in range(rows):
            for channel in range(channels):
                at = x_at[0] + (first + row) * x_at[1] + channel * x_at[2]
                to = goal[0] + row * goal[1] + channel * goal[2]
                out[to : to + width] = x[at : at + width]
        for number in range(len(chunks)):
            begin, count, group, outputs, before, many = chunks[number]
            factors, panels = (begin * depth, depth, 1, count, depth), (0, wide * depth)
            shape = (last - top, width)
            multiply_channels_in_panels(
                project_in, factors, normed, panels, u, entered, shape, STORE
            )
            for k in range(outputs):
                to, here = LEFT + (before + k) * pitch, (first, rows, height)
                form = (width, wide, pitch)
                _convolve_channel_pair(
                    u, place, groups[group + k], taps, here, t, found, to, kept[1], form
                )
            if many > 0:
                factors = ((group + outputs - many) * channels, many, 1, channels, many)
                multiply_channels(project_out, factors, found, kept, out, goal, (rows, width), ADD)
        clear_columns(out, goal, rows, channels, (width, wide))


class _KernelMemory:
    """Kernels in memory, one behind the other, and where each starts."""

    def __init__(self) -> None:
        self.parts: list[Array] = []
        self.length = 0

    def append(self, kernel: torch.Tensor) -> int:
        start = self.length
        self.parts.append(to_flat_float32(kernel))
        self.length += len(self.parts[-1])
        return start


def _list_channel_pairs(ffn: Any, hidden: int, kernels: _KernelMemory) -> list[tuple[int, ...]]:
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
                sources += [channel, kernel.shape[-1], kernels.append(kernel)]
            tap = kernels.append(second.weight[output])
            found.append((*sources, side, tap, half * hidden + output))
    return sorted(found, key=lambda group: max(group[0], group[3]))


def _split_pairs_into_chunks(
    pairs: list[tuple[int, ...]], most_channels: int
) -> list[tuple[list[int], list[tuple[int, ...]]]]:
    """Divide the groups into runs that read at most so many hidden channels, and list those."""
    found: list[tuple[list[int], list[tuple[int, ...]]]] = []
    known: list[int] = []
    run: list[tuple[int, ...]] = []
    for group in pairs:
        more = sorted({group[0], group[3]} - set(known))
        if len(known) + len(more) > most_channels or len(run) == most_channels:
            found.append((known, run))
            known, run, more = [], [], sorted({group[0], group[3]})
        known, run = known + more, [*run, group]
    return [*found, (known, run)]


def _pad_rows_to_whole_blocks(rows: torch.Tensor) -> torch.Tensor:
    """Fill the rows of a matrix up with zeros, so that a product makes whole blocks of them."""
    return torch.cat([rows, rows.new_zeros(-len(rows) % _EVEN, rows.shape[1])])


class BandedFeedForward:
    """A block's second half, with its norm and its shortcut.

    Parameters
    ----------
    norm, ffn
        The layers, without biases in their convolutions.
    """

    def __init__(self, norm: nn.Module, ffn: Any) -> None:
        project_in, project_out = (
            fold_norm_into_matrix(ffn.project_in, norm),
            weight_matrix(ffn.project_out),
        )
        hidden, taps = project_out.shape[1] // 2, _KernelMemory()
        chunk = channels_per_chunk(len(project_out))
        runs = _split_pairs_into_chunks(_list_channel_pairs(ffn, hidden, taps), chunk)
        plan, before = [], 0
        groups: list[tuple[int, ...]] = []
        factors: list[torch.Tensor] = []
        outputs: list[Array] = []
        for number, (known, run) in enumerate(runs):
            waiting = before + len(run)
            last = number == len(runs) - 1 or waiting + len(runs[number + 1][1]) > _KEPT
            rows = _pad_rows_to_whole_blocks(project_in[known])
            begin = sum(map(len, factors))
            plan.append((begin, len(rows), len(groups), len(run), before, waiting if last else 0))
            factors.append(rows)
            places = {channel: place for place, channel in enumerate(known)}
            groups += [(places[g[0]], *g[1:3], places[g[3]], *g[4:9]) for g in run]
            if last:
                outputs.append(
                    to_flat_float32(project_out[:, [group[8] for group in groups[-waiting:]]])
                )
            before = 0 if last else waiting
        self._room = chunk, _KEPT
        self._plan = np.array(plan, np.int64), np.array(groups, np.int64), self._room
        entered = to_flat_float32(torch.cat(factors))
        self._weights = entered, np.concatenate(taps.parts), np.concatenate(outputs)
        self._centred = getattr(norm.body, "bias", None) is not None

    def __call__(self, x: HcwMap, y: HcwMap, threads: BandThreads, cache: WorkspaceCache) -> None:
        """Write x + ffn(norm(x)) to `y`, which is another map."""
        height, width, channels = x.height_width_channels
        chunk, kept = self._room

        def make_workspace() -> tuple[Array, ...]:
            rows, pitch = rows_per_band(x.size) + _BEYOND, channel_pitch(width)
            maps = (aligned_zeros(LEFT + rows * each * pitch) for each in (chunk, 2, kept))
            return layer_norm_panels(rows, width, channels), *maps

        def run_bands(bands: Bands) -> None:
            memory = cache.get_or_make(("feed-forward", channels, width), make_workspace)
            _run_feed_forward(
                x.flat, x.layout, y.flat, y.layout, (height, width, channels), bands,
                self._plan, self._weights, memory, self._centred,
            )  # fmt: skip

        threads.run_in_bands(x.size, run_bands)
