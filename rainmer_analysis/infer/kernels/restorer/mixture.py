"""The stages of a mixture of experts, in bands of rows.

An expert's last layer, its gate and the fusion are one matrix for an image: a stage adds up eight
products. What lies before them exists for the rows of a band alone, and those that it looks at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.restorer.maps import (
    LEFT,
    Map,
    Scratch,
    clear_columns,
    pitch_of,
)
from rainmer_analysis.infer.kernels.restorer.packing import numbers
from rainmer_analysis.infer.kernels.restorer.threads import Threads, block_columns, block_rows
from rainmer_analysis.kernels import (
    ADD,
    COLUMNS,
    PUT,
    RECTIFY,
    Array,
    aligned_zeros,
    compiled,
    convolve_channel,
    multiply_channels,
)
from rainmer_analysis.model.experts import EXPERTS, Stage

__all__ = ["Stages"]

_REACH = 3  # of the largest kernel of the second round
_BEYOND = 8  # rows of a thread's maps beyond those made: whole blocks may be written
_STEP = 8  # rows that are made at once, so that they stay in a cache
_WIDE = 3072  # columns of a block times channels


@compiled
def _exclude_border(found, place, block, size, channels):  # type: ignore[no-untyped-def]
    """Leave what lies beyond the border out of averages over 3 x 3 pixels of a block.

    `block` holds its first row and how many, and its first column and how many.
    """
    first, count, left, across = block
    height, width = size
    share = np.float32(1.5)
    for row in range(count):
        edges = (first + row == 0) + (first + row == height - 1)
        for channel in range(channels):
            at = place[0] + row * place[1] + channel * place[2]
            for _ in range(edges):
                found[at : at + across] *= share
            if left == 0:
                found[at] *= share
            if left + across == width:
                found[at + across - 1] *= share


@compiled
def _each(x, place, taps, weights, form, y, target, rows, width, channels):  # type: ignore[no-untyped-def]
    """Convolve each channel of a map with its kernel."""
    area = form[0] * form[0]
    for channel in range(channels):
        at, to = place[0] + channel * place[2], target[0] + channel * target[2]
        tap = taps + channel * area
        convolve_channel(
            x, at, place[1], weights, tap, form, y, to, target[1], (rows, width), False
        )


@compiled
def _point(x, place, expert, weights, block, size, memory, own):  # type: ignore[no-untyped-def]
    """Make rows of what lies between both rounds of a separable expert.

    `block` holds the map's row to start with and how many, the first column and how many; `memory`
    the first round's map and what is written, from the element that `own` starts with.
    """
    side, tap, at_point = expert
    taps, points = weights
    thin, pointed = memory
    height, channels = size
    first, count, begin, inner = block
    start = (place[0] + first * place[1] + begin, place[1], place[2])
    room = (LEFT, own[1], own[2])
    _each(x, start, tap, taps, (side, 1), thin, room, count, inner, channels)
    factors = (at_point, channels, 1, channels, channels)
    multiply_channels(points, factors, thin, room, pointed, own, (count, inner), RECTIFY)
    clear_columns(pointed, own, count, channels, (inner, own[2] - LEFT))
    for row in range(count):
        if first + row < 0 or first + row >= height:
            at = own[0] + row * own[1]
            clear_columns(pointed, (at, own[1], own[2]), 1, channels, (0, inner))


@compiled
def _answer(x, place, expert, weights, block, size, memory, own):  # type: ignore[no-untyped-def]
    """Make some rows of what an expert's last layer takes.

    `block` holds the band's first row, the first and the last of those to make, as the band counts
    them, and the first column and how many.
    """
    separable, side, dilation, tap, second, at_point = expert
    taps, points = weights
    thin, pointed, found = memory
    height, width, channels = size
    first, start, end, left, across = block
    rows, room = end - start, (LEFT, own[1], own[2])
    here = (place[0] + (first + start) * place[1] + left, place[1], place[2])
    if separable and side == 1:
        factors = (at_point, channels, 1, channels, channels)
        multiply_channels(points, factors, x, here, found, room, (rows, across), RECTIFY)
    elif separable:
        reach = side // 2
        begin = max(left - reach, 0)
        inner = min(left + across + reach, width) - begin
        upper = start + reach if start else -reach  # what lies above was made before
        part = (first + upper, end + reach - upper, begin, inner)
        to = (own[0] + (upper + reach) * own[1], own[1], own[2])
        kernel = (side, tap, at_point)
        _point(x, place, kernel, weights, part, (height, channels), (thin, pointed), to)
        at = (own[0] + (start + reach) * own[1] + left - begin, own[1], own[2])
        _each(pointed, at, second, taps, (side, 1), found, room, rows, across, channels)
    else:
        _each(x, here, tap, taps, (side, dilation), found, room, rows, across, channels)
        if dilation == 1:
            part = (first + start, rows, left, across)
            _exclude_border(found, room, part, (height, width), channels)


@compiled
def _refine(x, place, y, target, size, bands, plan, weights, memory):  # type: ignore[no-untyped-def]
    """Pass a map through a stage: y = relu(mixture(x)) + x, block by block.

    `bands` holds the first row, the one behind the last, and rows and columns of a block; `plan`
    lists, of each expert, whether it is separable, its kernel's side and dilation, and where its
    kernels and its matrix between both rounds start.
    """
    _, width, channels = size
    taps, points, leaving = weights
    pointed = memory[1]
    for first in range(bands[0], bands[1], bands[2]):
        rows = min(bands[2], bands[1] - first)
        for left in range(0, width, bands[3]):
            across = min(bands[3], width - left)
            pitch = -(-min(across + 2 * _REACH, width) // COLUMNS) * COLUMNS + LEFT
            own = (LEFT, channels * pitch, pitch)
            pointed[: LEFT + (rows + 2 * _REACH + _BEYOND) * channels * pitch] = 0.0
            goal = (target[0] + first * target[1] + left, target[1], target[2])
            for expert in range(len(plan)):
                factors = (expert * channels, len(plan) * channels, 1, channels, channels)
                for start in range(0, rows, _STEP):
                    end = min(start + _STEP, rows)
                    block = (first, start, end, left, across)
                    _answer(x, place, plan[expert], (taps, points), block, size, memory, own)
                    to = (goal[0] + start * goal[1], goal[1], goal[2])
                    from_, shape = (LEFT, own[1], own[2]), (end - start, across)
                    way = ADD if expert else PUT
                    multiply_channels(leaving, factors, memory[2], from_, y, to, shape, way)
            for row in range(rows):
                for channel in range(channels):
                    at = place[0] + (first + row) * place[1] + channel * place[2] + left
                    to_line = goal[0] + row * goal[1] + channel * goal[2]
                    line, added = y[to_line : to_line + across], x[at : at + across]
                    for i in range(across):
                        line[i] = max(line[i], np.float32(0.0)) + added[i]
        goal = (target[0] + first * target[1], target[1], target[2])
        clear_columns(y, goal, rows, channels, (width, -(-width // COLUMNS) * COLUMNS))


class _Stage:
    """The weights of one stage."""

    def __init__(self, stage: Stage) -> None:
        with torch.no_grad():
            self.fusion = stage.fusion(torch.zeros(1)).flatten(1).double()
        dim = len(self.fusion)
        taps: list[Array] = []
        points: list[Array] = []
        plan = []
        for (kind, side), expert in zip(EXPERTS, stage.experts, strict=True):
            layers: Any = getattr(expert, "op", None)
            start = sum(map(len, taps))
            second = start + dim * side * side
            at_point = sum(map(len, points))
            if kind == "separable":
                point = layers[1].weight.detach().flatten(1)
                if side == 1:
                    # its depthwise layers only scale channels
                    point = point * layers[0].weight.detach().flatten()
                else:
                    taps += [numbers(layers[k].weight) for k in (0, 3)]
                points.append(numbers(point))
            elif kind == "dilated":
                taps.append(numbers(layers[0].weight))
            else:
                taps.append(np.full(dim * side * side, 1 / side**2, np.float32))
            dilation = 2 if kind == "dilated" else 1
            plan.append((kind == "separable", side, dilation, start, second, at_point))
        self.plan = np.array(plan, np.int64)
        self.taps, self.points = np.concatenate(taps), np.concatenate(points)

    def mixed(self, shares: Tensor) -> Array:
        """Multiply the gate's weights of the experts, [8], into the fusion."""
        dim = len(self.fusion)
        wide = self.fusion.view(dim, len(EXPERTS), dim) * shares.double()[:, None]
        return numbers(wide)


class Stages:
    """The stages of a mixture behind its first, rectified product."""

    def __init__(self, stages: list[Stage]) -> None:
        self._stages = [_Stage(stage) for stage in stages]

    def __call__(
        self, maps: tuple[Map, Map], gate: Tensor, threads: Threads, scratch: Scratch
    ) -> Map:
        """Refine the first of two maps, with the gate's weights [4, 8].

        Returns
        -------
        That of the two maps in which the result is.
        """
        x, y = maps
        for stage, shares in zip(self._stages, gate, strict=True):
            self._refine(stage, stage.mixed(shares), (x, y), threads, scratch)
            x, y = y, x
        return x

    @staticmethod
    def _refine(
        stage: _Stage, leaving: Array, maps: tuple[Map, Map], threads: Threads, scratch: Scratch
    ) -> None:
        x, y = maps
        height, width, channels = x.shape

        across = block_columns(width, max(64, _WIDE // channels))
        wide = min(across + 2 * _REACH, width)
        rows = block_rows(channels * wide)

        def room() -> tuple[Array, ...]:
            counts = (_STEP + 2 * _REACH, min(rows, height) + 2 * _REACH, _STEP)
            line = channels * pitch_of(wide)
            return tuple(aligned_zeros(LEFT + (count + _BEYOND) * line) for count in counts)

        def work(span: tuple[int, int]) -> None:
            memory = scratch.of(("mixture", channels, width), room)
            weights = stage.taps, stage.points, leaving
            _refine(
                x.flat, x.place, y.flat, y.place, (height, width, channels), (*span, rows, across),
                stage.plan, weights, memory,
            )  # fmt: skip

        threads.over_rows(height, work)
