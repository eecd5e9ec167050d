"""The four stages of Rainmer's experts on a CPU, a strip of rows at a time.

An image passes through a stage in strips of a few rows, so that what the experts answer to a strip
is in the cache when it is mixed: one product, in which gate, last layers and fusion are one matrix.
The second depthwise round looks beyond its strip, and so follows one strip behind the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.kernels.channels_last_depthwise import (
    STRIP_ROWS,
    convolve_strip_depthwise,
    exclude_padding_from_strip_averages,
    pack_depthwise_kernels,
)
from rainmer_analysis.kernels.numba_decorators import compiled
from rainmer_analysis.kernels.packed_products import (
    PackedWeights,
    flat_memory,
    multiply_packed,
    padded_channels,
)
from rainmer_analysis.kernels.thread_workspaces import ThreadWorkspaces
from rainmer_analysis.model.experts import EXPERTS, ExpertStages, Stage

__all__ = ["StripExpertStages"]

_REACH = 6  # of a dilated kernel of side 7; a strip has at least as many rows
_ABOVE = _REACH + 1  # rows of zeros; the first pixel's left neighbours lie in one of them
_SEPARABLE = sum(kind == "separable" for kind, _ in EXPERTS)  # they come first
_AVERAGE = EXPERTS.index(("average", 3))


@compiled
def _run_stage(maps, shape, rounds, products):  # type: ignore[no-untyped-def]
    """Pass a map through a stage, in place, a strip of rows at a time.

    A strip is overwritten when the first round has passed the next one. `maps`, all flat, are the
    map [rows, pitch, channels], those between the rounds, [4, rows, pitch, channels], the first
    round's strips, [4, strip, channels], and the experts' answers, of two strips in turn,
    [2, strip, 8, channels]; `shape` is height, width, pitch, channels and numbers of a map.
    `rounds` are plans and weights of the depthwise layers: of the separable experts, of the others,
    of the second round; `products` the matrices between the rounds and behind them, and their form.
    """
    x, pointed, thin, answers = maps
    height, width, pitch, channels, numbers = shape
    separable, others, second = rounds
    (points, points_form), (mixture, mixture_form) = products
    slots = _SEPARABLE + len(others[0])
    pixel, strip = slots * channels, STRIP_ROWS * pitch * channels
    strips = -(-height // STRIP_ROWS)
    for number in range(strips + 1):
        if number < strips:
            found = answers[number % 2 * strip * slots :]
            start, rows = (
                (_ABOVE + number * STRIP_ROWS) * pitch,
                min(STRIP_ROWS, height - number * STRIP_ROWS),
            )
            here = (width, pitch, 1, channels)
            convolve_strip_depthwise(x, start, here, separable[0], separable[1], (0, strip), thin)
            here, rest = (width, pitch, slots, channels), found[_SEPARABLE * channels :]
            convolve_strip_depthwise(x, start, here, others[0], others[1], (0, channels), rest)
            averages = found[(slots - 1) * channels :]
            exclude_padding_from_strip_averages(
                averages, number * STRIP_ROWS, (height, width, pitch), pixel, channels
            )
            left, to = (0, channels, strip), (start * channels, channels, numbers)
            multiply_packed(thin, left, points, points_form, rows * pitch, pointed, to, 0.0, False)
        if number > 0:
            found = answers[(number - 1) % 2 * strip * slots :]
            row = (number - 1) * STRIP_ROWS
            start, rows = (_ABOVE + row) * pitch, min(STRIP_ROWS, height - row)
            here = (width, pitch, slots, channels)
            convolve_strip_depthwise(
                pointed, start, here, second[0], second[1], (numbers, channels), found
            )
            left, to = (0, pixel, 0), (start * channels, channels, 0)
            multiply_packed(found, left, mixture, mixture_form, rows * pitch, x, to, 0.0, True)


class _DepthwiseRound:
    """Depthwise layers [channels, 1, side, side] and their dilations, as the kernel takes them."""

    def __init__(self, layers: Sequence[tuple[Tensor, int]], dtype: torch.dtype) -> None:
        placed, plan, start = [], [], 0
        for weight, dilation in layers:
            placed.append(
                pack_depthwise_kernels(weight, padded_channels(len(weight)), dtype).flatten()
            )
            plan.append((weight.shape[2], dilation, start))
            start += len(placed[-1])
        self.plan, self.weights = np.array(plan), torch.cat(placed).numpy()


class _StageWeights:
    """A stage: its depthwise rounds, and the matrices between and behind them."""

    def __init__(self, stage: Stage, dtype: torch.dtype) -> None:
        fusion = stage.folded_fusion_weight(torch.zeros(1)).flatten(1)
        dim, wide = len(fusion), padded_channels(len(fusion))
        self._matrices = torch.zeros(len(EXPERTS), wide, wide)
        self._matrices[:, :dim, :dim] = fusion.view(dim, len(EXPERTS), dim).permute(1, 2, 0)
        layers: list[Any] = [expert.op for expert in stage.experts[:_AVERAGE]]
        points = torch.zeros(_SEPARABLE, wide, wide)
        for point, each in zip(points, layers, strict=False):
            point[:dim, :dim] = each[1].weight.flatten(1).T
        self.points, self.channels = PackedWeights(points, dtype), wide
        self._dtype = dtype
        firsts = [(each[0].weight, each[0].dilation[0]) for each in layers]
        average = torch.full((dim, 1, 3, 3), 1 / 9), 1
        # of the expert of side 1 the second depthwise layer is in the fusion
        second = [torch.ones(dim, 1, 1, 1), *(each[3].weight for each in layers[1:_SEPARABLE])]
        self.separable = _DepthwiseRound(firsts[:_SEPARABLE], dtype)
        self.others = _DepthwiseRound([*firsts[_SEPARABLE:], average], dtype)
        self.second = _DepthwiseRound([(weight, 1) for weight in second], dtype)

    def mixing_matrix(self, gate_weights: Tensor) -> PackedWeights:
        """Return the matrix behind the second round, [8 channels, channels], for gate weights."""
        mixed = self._matrices * gate_weights[:, None, None]
        return PackedWeights(mixed.flatten(0, 1)[None], self._dtype)


class _Workspace:
    """The maps of one thread for images of one size; between rows, above and below lie zeros."""

    def __init__(self, size: tuple[int, int], channels: int, dtype: torch.dtype) -> None:
        pitch = size[1] + _REACH
        rows, strip = _ABOVE + -(-size[0] // STRIP_ROWS) * STRIP_ROWS + _REACH, STRIP_ROWS * pitch
        numbers = rows * pitch * channels

        def zero_map(*shape: int) -> Tensor:
            return torch.zeros(*shape, channels, dtype=dtype)

        x, pointed = zero_map(rows, pitch), zero_map(_SEPARABLE * rows, pitch)
        thin, answers = zero_map(_SEPARABLE, strip), zero_map(2, strip, len(EXPERTS))
        self._maps = tuple(flat_memory(each) for each in (x, pointed, thin, answers))
        self._shape = *size, pitch, channels, numbers
        self._map, self.inside = x, x[_ABOVE:][: size[0], : size[1]]

    def run_stage(self, stage: _StageWeights, gate_weights: Tensor) -> None:
        """Pass the map through a stage, in place, with the gate's weights of its experts."""
        rounds = [
            (each.plan, each.weights) for each in (stage.separable, stage.others, stage.second)
        ]
        products = [
            (each.packed, each.form) for each in (stage.points, stage.mixing_matrix(gate_weights))
        ]
        _run_stage(self._maps, self._shape, tuple(rounds), tuple(products))

    def is_map_finite(self) -> bool:
        """Return whether all is finite; what is not would stay, in the zeros around the map too."""
        return math.isfinite(self._map.sum())


class StripExpertStages:
    """The stages, folded for a CPU; may be called from several threads at once.

    Parameters
    ----------
    stages
        As `RainmerEncoder` holds them.
    dtype
        Of maps and products: float32, or bfloat16 (sums stay float32).
    """

    def __init__(self, stages: ExpertStages, dtype: torch.dtype) -> None:
        with torch.inference_mode():
            self._stages = [_StageWeights(stage, dtype) for stage in stages.stages]
        channels = self._stages[0].channels
        self._workspaces = ThreadWorkspaces(lambda size: _Workspace(size, channels, dtype))

    def __call__(self, rectified_maps: Tensor, gate_weights: Tensor) -> Tensor:
        """Refine rectified maps [B, dim, H, W], H and W at least 8, with gates [B, 4, 8]."""
        found = torch.empty_like(rectified_maps, memory_format=torch.channels_last)
        for image, weigh, refined in zip(rectified_maps, gate_weights, found, strict=True):
            work = self._workspaces.of_size((image.shape[1], image.shape[2]))
            inside = work.inside[..., : len(image)]
            inside.copy_(image.permute(1, 2, 0))
            for stage, share in zip(self._stages, weigh, strict=True):
                work.run_stage(stage, share)
            refined.copy_(inside.permute(2, 0, 1))
            if not work.is_map_finite():
                self._workspaces.discard()
        return found
