"""Both projectors of Rainmer's encoder, from local knowledge to pooled vectors, on a CPU.

Three things are saved beside multiplications. The mean of a convolution's output follows from
sums of its input, so the gate of squeeze-and-excite is known before the convolution runs and is
applied while its tiles leave. Bias, gate, residual, rectifier and pooling happen there too. And a
few rows of tiles at a time pass through transform, product and transform back, which keeps what
lies between in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.infer.kernels.maps import Workspaces, flat, padded
from rainmer_analysis.infer.kernels.products import Factors
from rainmer_analysis.infer.kernels.winograd import TILE, gather, planes, scatter, transformed
from rainmer_analysis.model.encoder import SLOPE

__all__ = ["WinogradTowers"]

_TILES = 64  # at once: transforms of 128 channels of so many fill the second cache


class _Map:
    """A map with its border of zeros, in memory as the kernels want it."""

    def __init__(self, size: tuple[int, int], channels: int, dtype: torch.dtype) -> None:
        height, width = (TILE * -(-side // TILE) + 2 for side in size)
        whole = torch.zeros(height, width, channels, dtype=dtype)
        self.flat = flat(whole)
        self.inside = whole[1 : 1 + size[0], 1 : 1 + size[1]]
        beyond = whole[1 + size[0] : -1], whole[1 : 1 + size[0], 1 + size[1] : -1]
        self._outside = [part for part in beyond if part.numel()]

    def trim(self) -> npt.NDArray[np.float64]:
        """Clear what whole tiles left beyond the map; give its sum, shape (channels,)."""
        sums = np.zeros(self.inside.shape[2])
        for part in self._outside:
            sums += part.sum((0, 1), dtype=torch.float64).numpy()
            part.zero_()
        return sums


class _Layer:
    """A 3 x 3 convolution with channels filled up with zeros to a multiple of 16."""

    def __init__(self, conv: nn.Conv2d, dtype: torch.dtype) -> None:
        outputs, inputs = conv.weight.shape[:2]
        weight = torch.zeros(padded(outputs), padded(inputs), 3, 3)
        weight[:outputs, :inputs] = conv.weight
        self.bias = np.zeros(len(weight), np.float32)
        if conv.bias is not None:
            self.bias[:outputs] = conv.bias.numpy()
        self.spread = Factors(transformed(weight), dtype)
        self.inputs, self.outputs = weight.shape[1], weight.shape[0]
        self._rows = weight.flatten(1).double().numpy()

    def mean(self, source: _Map, total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Give the mean of the output, from the input's sum over all pixels, shape (inputs,)."""
        inside = source.inside
        rows, columns = (torch.stack([inside.select(i, edge) for edge in (-1, 0)]) for i in (0, 1))
        across, down = (line.sum(1, dtype=torch.float64).numpy() for line in (rows, columns))
        corners = rows[:, [-1, 0]].double().numpy()
        sums = np.broadcast_to(total, (3, 3, len(total))).copy()
        # the kernel's first row never meets the map's last one, and so on around
        sums[[0, 2]] -= across[:, None]
        sums[:, [0, 2]] -= down
        sums[np.ix_([0, 2], [0, 2])] += corners
        pixels = inside.shape[0] * inside.shape[1]
        mean: npt.NDArray[np.float64] = self._rows @ sums.transpose(2, 0, 1).reshape(-1) / pixels
        return mean + self.bias


class _Gate:
    """Squeeze-and-excite, from means to the factors of the channels."""

    def __init__(self, module: nn.Module, channels: int) -> None:
        first, second = (m for m in module.modules() if isinstance(m, nn.Conv2d))
        self._first = first.weight.flatten(1).double().numpy()
        self._second = second.weight.flatten(1).double().numpy()
        self._channels = channels

    def factors(self, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        hidden = np.maximum(self._first @ mean[: self._first.shape[1]], 0)
        gates = np.ones(self._channels)
        gates[: len(self._second)] = 1 / (1 + np.exp(-(self._second @ hidden)))
        return gates.astype(np.float32)


class _Leaving(NamedTuple):
    """Where a convolution's output goes: factors of its channels, and whether it is added."""

    layer: _Layer
    target: _Map
    factors: npt.NDArray[np.float32] | None = None
    onto: bool = False


@dataclass(frozen=True, eq=False)
class _Tower:
    first: _Layer
    second: _Layer
    third: _Layer
    gates: tuple[_Gate, _Gate]
    outputs: int

    @classmethod
    def of(cls, projector: nn.Sequential, dtype: torch.dtype) -> _Tower:
        block: Any = projector[2]
        convs: Any = (projector[0], block.conv1, block.conv2)
        first, second, third = (_Layer(conv, dtype) for conv in convs)
        gates = _Gate(block.se1, first.outputs), _Gate(block.se2, first.outputs)
        return cls(first, second, third, gates, int(convs[2].weight.shape[0]))


class _Workspace:
    """The maps of one thread for images of one size, and what lies between the transforms."""

    def __init__(self, size: tuple[int, int], towers: Sequence[_Tower], dtype: torch.dtype) -> None:
        widest = max(tower.first.outputs for tower in towers)
        self.size = size
        self.source = _Map(size, towers[0].first.inputs, dtype)
        self.wide = [_Map(size, tower.first.outputs, dtype) for tower in towers]
        self.hidden = _Map(size, widest, dtype)
        self.rows, self.columns = (-(-side // TILE) for side in size)
        self.strip = max(1, _TILES // self.columns)
        numbers = self.strip * self.columns * max(widest, towers[0].first.inputs)
        self._before, self._after = planes(numbers, dtype), planes(numbers, dtype)

    def convolve(self, source: _Map, leaving: Sequence[_Leaving]) -> list[npt.NDArray[np.float64]]:
        """Convolve a map with one or more layers; give each one's output summed over pixels."""
        sums = [np.zeros(each.layer.outputs) for each in leaving]
        for first in range(0, self.rows, self.strip):
            shape = (min(self.strip, self.rows - first), self.columns)
            tiles, inputs = shape[0] * shape[1], leaving[0].layer.inputs
            before = self._before[:, : tiles * inputs].view(-1, tiles, inputs)
            plane = self._before.shape[1]
            scatter(source.flat, inputs, first, shape, flat(self._before), plane)
            for each, sum_ in zip(leaving, sums, strict=True):
                outputs = each.layer.outputs
                after = self._after[:, : tiles * outputs].view(-1, tiles, outputs)
                each.layer.spread.times(before, after)
                sum_ += _leave(self._after, each, (first, shape))
        return [sum_ - each.target.trim() for sum_, each in zip(sums, leaving, strict=True)]


def _leave(
    products: Tensor, leaving: _Leaving, place: tuple[int, tuple[int, int]]
) -> npt.NDArray[np.float32]:
    """Transform products back to rows of tiles and give their sums."""
    bias, target = leaving.layer.bias, leaving.target.flat
    factors = np.ones_like(bias) if leaving.factors is None else leaving.factors
    slope, sums = np.full_like(bias, SLOPE), np.zeros_like(bias)
    how = (factors, factors * bias, slope, sums)
    plane = products.shape[1]
    gather(flat(products), plane, *place, how, target if leaving.onto else None, target)
    return sums


class WinogradTowers:
    """Projectors, folded for a CPU; may be called from several threads at once.

    Parameters
    ----------
    projectors
        As `RainmerEncoder` holds them; all take the same map.
    dtype
        Of maps and products: float32, or bfloat16 (sums stay float32).
    """

    def __init__(self, projectors: Sequence[nn.Sequential], dtype: torch.dtype) -> None:
        with torch.inference_mode():
            self._towers = [_Tower.of(projector, dtype) for projector in projectors]
        self._workspaces = Workspaces(lambda size: _Workspace(size, self._towers, dtype))

    def __call__(self, location: Tensor) -> list[Tensor]:
        """Give each projector's pooled vectors, float32 [B, base_dim], of maps [B, dim, H, W]."""
        pooled = [self._image(image) for image in location]
        return [torch.from_numpy(np.stack(rows)) for rows in zip(*pooled, strict=True)]

    def _image(self, location: Tensor) -> list[npt.NDArray[np.float32]]:
        work = self._workspaces.of((location.shape[1], location.shape[2]))
        work.source.inside[..., : len(location)] = location.permute(1, 2, 0)
        firsts = [
            _Leaving(tower.first, wide) for tower, wide in zip(self._towers, work.wide, strict=True)
        ]
        totals = work.convolve(work.source, firsts)
        return [
            self._rest(tower, work, (wide, total))
            for tower, wide, total in zip(self._towers, work.wide, totals, strict=True)
        ]

    @staticmethod
    def _rest(
        tower: _Tower, work: _Workspace, entered: tuple[_Map, npt.NDArray[np.float64]]
    ) -> npt.NDArray[np.float32]:
        wide, total = entered
        factors = tower.gates[0].factors(tower.second.mean(wide, total))
        (total,) = work.convolve(wide, [_Leaving(tower.second, work.hidden, factors)])
        factors = tower.gates[1].factors(tower.third.mean(work.hidden, total))
        (total,) = work.convolve(work.hidden, [_Leaving(tower.third, wide, factors, onto=True)])
        pixels = work.size[0] * work.size[1]
        return (total[: tower.outputs] / pixels).astype(np.float32)
