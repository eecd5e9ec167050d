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
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit
from torch import Tensor, nn

from rainmer_analysis.infer.kernels.winograd_convolution import (
    Epilogue,
    PaddedMap,
    WinogradLayer,
    WinogradWorkspace,
)
from rainmer_analysis.kernels.thread_workspaces import ThreadWorkspaces
from rainmer_analysis.model.encoder import SLOPE

__all__ = ["WinogradProjectors"]


class _SqueezeExcite:
    """Squeeze-and-excite, from means to the factors of the channels."""

    def __init__(self, module: nn.Module, channels: int) -> None:
        first, second = (m for m in module.modules() if isinstance(m, nn.Conv2d))
        self._first = first.weight.flatten(1).double().numpy()
        self._second = second.weight.flatten(1).double().numpy()
        self._channels = channels

    def channel_scales(self, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        hidden = np.maximum(self._first @ mean[: self._first.shape[1]], 0)
        gates = np.ones(self._channels)
        gates[: len(self._second)] = expit(self._second @ hidden)
        return gates.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _ProjectorLayers:
    first: WinogradLayer
    second: WinogradLayer
    third: WinogradLayer
    gates: tuple[_SqueezeExcite, _SqueezeExcite]
    outputs: int

    @classmethod
    def from_module(cls, projector: nn.Sequential, dtype: torch.dtype) -> _ProjectorLayers:
        block: Any = projector[2]
        convs: Any = (projector[0], block.conv1, block.conv2)
        first, second, third = (WinogradLayer(conv, dtype) for conv in convs)
        gates = _SqueezeExcite(block.se1, first.outputs), _SqueezeExcite(block.se2, first.outputs)
        return cls(first, second, third, gates, int(convs[2].weight.shape[0]))


class _Workspace:
    """The maps of one thread for images of one size."""

    def __init__(
        self, size: tuple[int, int], towers: Sequence[_ProjectorLayers], dtype: torch.dtype
    ) -> None:
        widest = max(tower.first.outputs for tower in towers)
        self.size = size
        self.source = PaddedMap(size, towers[0].first.inputs, dtype)
        self.wide = [PaddedMap(size, tower.first.outputs, dtype) for tower in towers]
        self.hidden = PaddedMap(size, widest, dtype)
        self.convolve_layers = WinogradWorkspace(
            size, max(widest, towers[0].first.inputs), dtype
        ).convolve_layers


class WinogradProjectors:
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
            self._towers = [
                _ProjectorLayers.from_module(projector, dtype) for projector in projectors
            ]
        self._workspaces = ThreadWorkspaces(lambda size: _Workspace(size, self._towers, dtype))

    def __call__(self, location: Tensor) -> list[Tensor]:
        """Return each projector's pooled vectors, float32 [B, base_dim], of maps [B, dim, H, W]."""
        pooled = [self._project_image(image) for image in location]
        return [torch.from_numpy(np.stack(rows)) for rows in zip(*pooled, strict=True)]

    def _project_image(self, location: Tensor) -> list[npt.NDArray[np.float32]]:
        work = self._workspaces.of_size((location.shape[1], location.shape[2]))
        work.source.inside[..., : len(location)] = location.permute(1, 2, 0)
        firsts = [
            Epilogue(tower.first, wide, SLOPE)
            for tower, wide in zip(self._towers, work.wide, strict=True)
        ]
        totals = work.convolve_layers(work.source, firsts)
        return [
            self._residual_block_means(tower, work, (wide, total))
            for tower, wide, total in zip(self._towers, work.wide, totals, strict=True)
        ]

    @staticmethod
    def _residual_block_means(
        tower: _ProjectorLayers,
        work: _Workspace,
        map_and_sums: tuple[PaddedMap, npt.NDArray[np.float64]],
    ) -> npt.NDArray[np.float32]:
        wide, total = map_and_sums
        channel_scales = tower.gates[0].channel_scales(tower.second.output_mean(wide, total))
        (total,) = work.convolve_layers(
            wide, [Epilogue(tower.second, work.hidden, SLOPE, channel_scales)]
        )
        channel_scales = tower.gates[1].channel_scales(tower.third.output_mean(work.hidden, total))
        (total,) = work.convolve_layers(
            work.hidden, [Epilogue(tower.third, wide, SLOPE, channel_scales, onto=True)]
        )
        pixels = work.size[0] * work.size[1]
        return (total[: tower.outputs] / pixels).astype(np.float32)
