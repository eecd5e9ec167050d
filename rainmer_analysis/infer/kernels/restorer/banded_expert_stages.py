"""The stages of a mixture of experts, in bands of rows.

An expert's last layer, its gate and the fusion are one matrix for an image: a stage adds up eight
products. What lies before them exists for the rows of a band alone, and those that it looks at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.restorer.band_threads import (
    Bands,
    BandThreads,
    WorkspaceCache,
    rows_per_band,
)
from rainmer_analysis.infer.kernels.restorer.hcw_map import (
    LEFT,
    HcwMap,
    channel_pitch,
    clear_columns,
)
from rainmer_analysis.infer.kernels.restorer.packed_layers import to_flat_float32
from rainmer_analysis.kernels.hcw_maps import (
    ADD,
    COLUMNS,
    STORE,
    STORE_RELU,
    Array,
    aligned_zeros,
    compiled,
    convolve_channel,
    multiply_channels,
)
from rainmer_analysis.model.experts import EXPERTS, Stage

__all__ = ["BandedExpertStages"]

_REACH = 3  # of the largest kernel of the second round
_BEYOND = 2 * _REACH + 8  # rows of a thread's maps beyond a band: whole blocks may be written
_SEPARABLE = sum(kind == "separable" for kind, _ in EXPERTS)


@compiled
def _exclude_padding_from_averages(averages, averages_at, rows, size, channels):  # type: ignore[no-untyped-def]
    """Leave what lies beyond the border out of averages over 3 x 3 pixels of a band."""
    first, count = rows
    height, width = size
    for row in range(count):
        for channel in range(channels):
            at = averages_at[0] + row * averages_at[1] + channel * averages_at[2]
            if first + row == 0:
                averages[at : at + width] *= np.float32(1.5)
            if first + row == height - 1:
                averages[at : at + width] *= np.float32(1.5)
            averages[at] *= np.float32(1.5)
            averages[at + width - 1] *= np.float32(1.5)


@compiled
def _convolve_each_channel(  # type: ignore[no-untyped-def]
    x, x_at, first_tap, taps, form, out, out_at, rows, width, channels
):
    """Convolve each channel of a map with its kernel."""
    area = form[0] * form[0]
    for channel in range(channels):
        at, to = x_at[0] + channel * x_at[2], out_at[0] + channel * out_at[2]
        tap = first_tap + channel * area
        convolve_channel(x, at, x_at[1], taps, tap, form, out, to, out_at[1], (rows, width), False)


@compiled
def _run_separable_expert(  # type: ignore[no-untyped-def]
    x, x_at, expert, weights, out, own, band, size, room
):
    """Do a separable expert up to its second round, for a band: the result lies in `room`."""
    side, first_tap, second_tap, at_point = expert
    taps, points = weights
    thin, pointed = room
    height, width, channels = size
    first, rows = band
    reach, wide = side // 2, -(-width // COLUMNS) * COLUMNS
    count = rows + 2 * reach
    start = (x_at[0] + (first - reach) * x_at[1], x_at[1], x_at[2])
    _convolve_each_channel(x, start, first_tap, taps, (side, 1), thin, own, count, width, channels)
    factors = (at_point, channels, 1, channels, channels)
    multiply_channels(points, factors, thin, own, pointed, own, (count, width), STORE_RELU)
    clear_columns(pointed, own, count, channels, (width, wide))
    for row in range(count):
        if first - reach + row < 0 or first - reach + row >= height:
            at = own[0] + row * own[1]
            clear_columns(pointed, (at, own[1], own[2]), 1, channels, (0, width))
    inner = (own[0] + reach * own[1], own[1], own[2])
    _convolve_each_channel(
        pointed, inner, second_tap, taps, (side, 1), out, own, rows, width, channels
    )


@compiled
def _run_stage(x, x_at, out, out_at, size, bands, plan, weights, workspace):  # type: ignore[no-untyped-def]
    """Pass a map through a stage: y = relu(mixture(x)) + x, in bands of rows.

    `plan` lists, of each expert, whether it is separable, its kernel's side and dilation, and where
    its kernels and its matrix between both rounds start.
    """
    height, width, channels = size
    taps, points, fusion = weights
    thin, pointed, found = workspace
    wide = -(-width // COLUMNS) * COLUMNS
    pitch = wide + LEFT
    own = (LEFT, channels * pitch, pitch)
    for first in range(bands[0], bands[1], bands[2]):
        rows = min(bands[2], height - first)
        here = (x_at[0] + first * x_at[1], x_at[1], x_at[2])
        goal = (out_at[0] + first * out_at[1], out_at[1], out_at[2])
        for expert in range(len(plan)):
            separable, side, dilation, tap, second, at_point = plan[expert]
            if separable and side == 1:
                factors = (at_point, channels, 1, channels, channels)
                multiply_channels(points, factors, x, here, found, own, (rows, width), STORE_RELU)
            elif separable:
                kernel = (side, tap, second, at_point)
                room, band = (thin, pointed), (first, rows)
                _run_separable_expert(x, x_at, kernel, (taps, points), found, own, band, size, room)
            else:
                form = (side, dilation)
                _convolve_each_channel(x, here, tap, taps, form, found, own, rows, width, channels)
                if dilation == 1:
                    _exclude_padding_from_averages(
                        found, own, (first, rows), (height, width), channels
                    )
            way = ADD if expert else STORE
            factors = (expert * channels, len(plan) * channels, 1, channels, channels)
            multiply_channels(fusion, factors, found, own, out, goal, (rows, width), way)
        for row in range(rows):
            for channel in range(channels):
                at = here[0] + row * here[1] + channel * here[2]
                to = goal[0] + row * goal[1] + channel * goal[2]
                line, added = out[to : to + width], x[at : at + width]
                for i in range(width):
                    line[i] = max(line[i], np.float32(0.0)) + added[i]
        clear_columns(out, goal, rows, channels, (width, wide))


class _PackedStage:
    """The weights of one stage."""

    def __init__(self, stage: Stage) -> None:
        with torch.no_grad():
            self.fusion = stage.folded_fusion_weight(torch.zeros(1)).flatten(1).double()
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
                    taps += [to_flat_float32(layers[k].weight) for k in (0, 3)]
                points.append(to_flat_float32(point))
            elif kind == "dilated":
                taps.append(to_flat_float32(layers[0].weight))
            else:
                taps.append(np.full(dim * side * side, 1 / side**2, np.float32))
            dilation = 2 if kind == "dilated" else 1
            plan.append((kind == "separable", side, dilation, start, second, at_point))
        self.plan = np.array(plan, np.int64)
        self.taps, self.points = np.concatenate(taps), np.concatenate(points)

    def gated_fusion(self, gate_weights: Tensor) -> Array:
        """Multiply the gate's weights of the experts, [8], into the fusion."""
        dim = len(self.fusion)
        wide = self.fusion.view(dim, len(EXPERTS), dim) * gate_weights.double()[:, None]
        return to_flat_float32(wide)


class BandedExpertStages:
    """The stages of a mixture behind its first, rectified product."""

    def __init__(self, stages: list[Stage]) -> None:
        self._stages = [_PackedStage(stage) for stage in stages]

    def __call__(
        self,
        maps: tuple[HcwMap, HcwMap],
        gate_weights: Tensor,
        threads: BandThreads,
        cache: WorkspaceCache,
    ) -> HcwMap:
        """Refine the first of two maps, with the gate's weights [4, 8].

        Returns
        -------
        That of the two maps in which the result is.
        """
        x, y = maps
        for stage, shares in zip(self._stages, gate_weights, strict=True):
            self._run_stage_in_bands(stage, stage.gated_fusion(shares), (x, y), threads, cache)
            x, y = y, x
        return x

    @staticmethod
    def _run_stage_in_bands(
        stage: _PackedStage,
        fusion: Array,
        maps: tuple[HcwMap, HcwMap],
        threads: BandThreads,
        cache: WorkspaceCache,
    ) -> None:
        x, y = maps
        height, width, channels = x.height_width_channels

        def make_workspace() -> tuple[Array, ...]:
            rows = rows_per_band(x.size) + _BEYOND
            lines = LEFT + rows * channels * channel_pitch(width)
            return tuple(aligned_zeros(lines) for _ in range(3))

        def run_bands(bands: Bands) -> None:
            memory = cache.get_or_make(("mixture", channels, width), make_workspace)
            weights = stage.taps, stage.points, fusion
            _run_stage(
                x.flat, x.layout, y.flat, y.layout, (height, width, channels), bands,
                stage.plan, weights, memory,
            )  # fmt: skip

        threads.run_in_bands(x.size, run_bands)
