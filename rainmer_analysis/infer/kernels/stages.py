"""The four stages of Rainmer's experts on a CPU, a strip of rows at a time.

An image passes through a stage in strips of a few rows, so that what the experts answer to a strip
is in the cache when it is mixed: one product, in which gate, last layers and fusion are one matrix.
The second depthwise round looks beyond its strip, and so follows one strip behind the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.depthwise import ROWS, depthwise, packed
from rainmer_analysis.infer.kernels.maps import Workspaces, flat, padded
from rainmer_analysis.model.experts import EXPERTS, ExpertStages, Stage

__all__ = ["StripStages"]

_REACH = 6  # of a dilated kernel of side 7; a strip has at least as many rows
_ABOVE = _REACH + 1  # rows of zeros; the first pixel's left neighbours lie in one of them
_SEPARABLE = sum(kind == "separable" for kind, _ in EXPERTS)  # they come first
_AVERAGE = EXPERTS.index(("average", 3))


class _Layers:
    """Depthwise layers that are done together, as the kernel takes them.

    Parameters
    ----------
    layers
        Weights [channels, 1, side, side] and dilation of each.
    """

    def __init__(self, layers: Sequence[tuple[Tensor, int]], dtype: torch.dtype) -> None:
        placed, plan, start = [], [], 0
        for weight, dilation in layers:
            placed.append(packed(weight, padded(len(weight)), dtype).flatten())
            plan.append((weight.shape[2], dilation, start))
            start += len(placed[-1])
        self.plan, self.weights = np.array(plan), torch.cat(placed).numpy()


class _Stage:
    """A stage: its depthwise rounds, and the matrices between and behind them."""

    def __init__(self, stage: Stage, dtype: torch.dtype) -> None:
        fusion = stage.fusion(torch.zeros(1)).flatten(1)
        dim, wide = len(fusion), padded(len(fusion))
        self._matrices = torch.zeros(len(EXPERTS), wide, wide)
        self._matrices[:, :dim, :dim] = fusion.view(dim, len(EXPERTS), dim).permute(1, 2, 0)
        layers: list[Any] = [op.op for op in list(stage._ops)[:_AVERAGE]]
        points = torch.zeros(_SEPARABLE, wide, wide)
        for point, each in zip(points, layers, strict=False):
            point[:dim, :dim] = each[1].weight.flatten(1).T
        self.points = points.to(dtype)
        firsts = [(each[0].weight, each[0].dilation[0]) for each in layers]
        average = torch.full((dim, 1, 3, 3), 1 / 9), 1
        # of the expert of side 1 the second depthwise layer is in the fusion
        second = [torch.ones(dim, 1, 1, 1), *(each[3].weight for each in layers[1:_SEPARABLE])]
        self.separable = _Layers(firsts[:_SEPARABLE], dtype)
        self.others = _Layers([*firsts[_SEPARABLE:], average], dtype)
        self.second = _Layers([(weight, 1) for weight in second], dtype)

    def mixture(self, weights: Tensor) -> Tensor:
        """Give the matrix behind the second round, [8 channels, channels], for a gate's weights."""
        mixed = self._matrices * weights[:, None, None]
        return mixed.flatten(0, 1).to(self.points.dtype)


class _Workspace:
    """The maps of one thread for images of one size; between rows, above and below lie zeros."""

    def __init__(self, size: tuple[int, int], channels: int, dtype: torch.dtype) -> None:
        self._size, self._pitch, self._channels = size, size[1] + _REACH, channels
        self._strips = -(-size[0] // ROWS)
        rows, strip = _ABOVE + self._strips * ROWS + _REACH, ROWS * self._pitch

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, channels, dtype=dtype)

        self._x, self._pointed = zeros(rows * self._pitch), zeros(_SEPARABLE, rows * self._pitch)
        self._thin, self._mixed = zeros(_SEPARABLE, strip), zeros(strip)
        self._answers = [zeros(strip, len(EXPERTS)) for _ in range(2)]
        self.inside = self._x.view(rows, self._pitch, channels)[_ABOVE:][: size[0], : size[1]]

    def refine(self, stage: _Stage, weights: Tensor) -> None:
        """Pass the map through a stage, in place, with the gate's weights of its experts.

        A strip is overwritten when the first round has passed the next one.
        """
        mixture = stage.mixture(weights)
        for strip in range(self._strips + 1):
            if strip < self._strips:
                self._first(stage, strip)
            if strip > 0:
                self._second(stage, mixture, strip - 1)

    def _first(self, stage: _Stage, strip: int) -> None:
        answers, (start, stop) = self._answers[strip % 2], self._span(strip)
        self._convolve(stage.separable, (self._x, start), (self._thin, self._thin[0].numel()))
        rest = answers.view(-1)[_SEPARABLE * self._channels :]
        self._convolve(stage.others, (self._x, start), (rest, self._channels))
        self._mend(answers[:, _AVERAGE], strip)
        pointed = self._pointed[:, start:stop]
        torch.bmm(self._thin[:, : stop - start], stage.points, out=pointed)

    def _second(self, stage: _Stage, mixture: Tensor, strip: int) -> None:
        answers, (start, stop) = self._answers[strip % 2], self._span(strip)
        self._convolve(stage.second, (self._pointed, start), (answers, self._channels))
        mixed = self._mixed[: stop - start]
        torch.mm(answers.flatten(1)[: stop - start], mixture, out=mixed)
        self._x[start:stop].add_(mixed.relu_())

    def _convolve(
        self, layers: _Layers, source: tuple[Tensor, int], target: tuple[Tensor, int]
    ) -> None:
        """Convolve the strip of the maps at a pixel; targets lie so many numbers apart."""
        (maps, start), (y, apart) = source, target
        slots = 1 if y is self._thin else len(EXPERTS)
        shape = self._size[1], self._pitch, slots, self._channels
        between = 0 if maps is self._x else self._x.numel()
        depthwise(flat(maps), start, shape, layers.plan, layers.weights, (between, apart), flat(y))

    def _mend(self, average: Tensor, strip: int) -> None:
        """Leave the zeros beyond the map's border out of averages over 3 x 3 pixels."""
        height, width = self._size
        rows = average.view(ROWS, self._pitch, -1)
        rows[:, : width : width - 1].mul_(1.5)
        for edge in (0, height - 1):
            if edge // ROWS == strip:
                rows[edge % ROWS].mul_(1.5)

    def _span(self, strip: int) -> tuple[int, int]:
        """Give the pixels of a strip, between rows as well, counted from the map's start."""
        rows = strip * ROWS, min((strip + 1) * ROWS, self._size[0])
        start, stop = ((_ABOVE + row) * self._pitch for row in rows)
        return start, stop


class StripStages:
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
            self._stages = [_Stage(stage, dtype) for stage in stages.stages]
        channels = self._stages[0].points.shape[1]
        self._workspaces = Workspaces(lambda size: _Workspace(size, channels, dtype))

    def __call__(self, entered: Tensor, weights: Tensor) -> Tensor:
        """Refine rectified maps [B, dim, H, W], H and W at least 8, with gates [B, 4, 8]."""
        found = torch.empty_like(entered, memory_format=torch.channels_last)
        for image, weigh, refined in zip(entered, weights, found, strict=True):
            work = self._workspaces.of((image.shape[1], image.shape[2]))
            inside = work.inside[..., : len(image)]
            inside.copy_(image.permute(1, 2, 0))
            for stage, share in zip(self._stages, weigh, strict=True):
                work.refine(stage, share)
            refined.copy_(inside.permute(2, 0, 1))
        return found
