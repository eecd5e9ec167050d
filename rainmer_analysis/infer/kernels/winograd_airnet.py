"""AirNet's encoder on a CPU, from images to pooled features and the contrastive head.

The second convolution of each residual block is done by Winograd's form, with the shortcut in the
map that it is added to. The first ones have few channels or a stride, which leave that form nothing
to save.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.infer.kernels.winograd_convolution import (
    Epilogue,
    PaddedMap,
    WinogradLayer,
    WinogradWorkspace,
)
from rainmer_analysis.kernels.thread_workspaces import ThreadWorkspaces
from rainmer_analysis.model.airnet import SLOPE, AirNetEncoder, AirNetViews, with_folded_batch_norms
from rainmer_analysis.model.pooling_and_precision import without_autocast

__all__ = ["WinogradAirNet"]


class _Workspace:
    """The maps of one thread between the convolutions of a block, for inputs of one size."""

    def __init__(self, size: tuple[int, int], layer: WinogradLayer, dtype: torch.dtype) -> None:
        self.hidden, self.added = (PaddedMap(size, layer.outputs, dtype) for _ in range(2))
        self.convolve_layers = WinogradWorkspace(size, layer.outputs, dtype).convolve_layers


class _Block:
    """A residual block whose batch normalisation is in its convolutions."""

    def __init__(self, block: Any, dtype: torch.dtype) -> None:
        first, second = (layer for layer in block.backbone if isinstance(layer, nn.Conv2d))
        self._layer = layer = WinogradLayer(second, dtype)
        self._first, self._shortcut = first, block.shortcut[0]
        for conv in (self._first, self._shortcut):
            conv.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._outputs = second.out_channels
        self._workspaces = ThreadWorkspaces(lambda size: _Workspace(size, layer, dtype))

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the block's map of one image [1, C, H, W], for now, and its sums over pixels."""
        hidden, added = F.leaky_relu(self._first(x), SLOPE), self._shortcut(x)
        work = self._workspaces.of_size((hidden.shape[2], hidden.shape[3]))
        for target, source in ((work.hidden, hidden), (work.added, added)):
            target.inside[..., : self._outputs] = source[0].permute(1, 2, 0)
        (sums,) = work.convolve_layers(
            work.hidden, [Epilogue(self._layer, work.added, SLOPE, onto=True)]
        )
        found = work.added.inside[..., : self._outputs].permute(2, 0, 1)[None]
        return found, torch.from_numpy(sums[: self._outputs])


class WinogradAirNet(nn.Module):
    """AirNet's encoder, folded for a CPU; may be called from several threads at once.

    Parameters
    ----------
    encoder
        The network; it is copied, not changed.
    dtype
        Of maps and products: float32, or bfloat16 (sums and the head stay float32).
    """

    def __init__(self, encoder: AirNetEncoder, dtype: torch.dtype) -> None:
        super().__init__()
        folded = with_folded_batch_norms(encoder)
        self._head = folded.mlp
        with torch.inference_mode():
            self._blocks = [_Block(block, dtype) for block in folded.blocks]
        self._dtype = dtype

    def forward(self, x: Tensor) -> AirNetViews:
        """Encode images [B, 3, H, W], RGB in [0, 1]."""
        pooled = torch.stack([self._pooled_features(image[None]) for image in x])
        with without_autocast(x):
            return AirNetViews(pooled, self._head(pooled))

    def _pooled_features(self, x: Tensor) -> Tensor:
        x = x.to(self._dtype).contiguous(memory_format=torch.channels_last)
        for block in self._blocks:
            x, sums = block(x)
        return (sums / (x.shape[2] * x.shape[3])).float()
