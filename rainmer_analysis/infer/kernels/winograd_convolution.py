"""3 x 3 convolutions of whole maps by Winograd's form, a few rows of tiles at a time.

What lies between the transforms stays in the cache. Bias, factors of channels, a map to add, leaky
rectifier and sums over pixels are done while the tiles leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.kernels.packed_products import PackedWeights, flat_memory, padded_channels
from rainmer_analysis.kernels.winograd_tiles_2d import (
    TILE,
    allocate_transformed_tiles,
    transform_input_tiles,
    transform_kernels_2d,
    transform_output_tiles,
)

__all__ = ["Epilogue", "PaddedMap", "WinogradLayer", "WinogradWorkspace"]

_TILES = 64  # at once: transforms of 128 channels of so many fill the second cache


class PaddedMap:
    """A map with its border of zeros, in memory as the kernels want it."""

    def __init__(self, size: tuple[int, int], channels: int, dtype: torch.dtype) -> None:
        height, width = (TILE * -(-side // TILE) + 2 for side in size)
        whole = torch.zeros(height, width, channels, dtype=dtype)
        self.flat = flat_memory(whole)
        self.inside = whole[1 : 1 + size[0], 1 : 1 + size[1]]
        beyond = whole[1 + size[0] : -1], whole[1 : 1 + size[0], 1 + size[1] : -1]
        self._outside = [part for part in beyond if part.numel()]

    def clear_overhang_and_return_sums(self) -> npt.NDArray[np.float64]:
        """Clear what whole tiles left beyond the map; return its sum, shape (channels,)."""
        sums = np.zeros(self.inside.shape[2])
        for part in self._outside:
            sums += part.sum((0, 1), dtype=torch.float64).numpy()
            part.zero_()
        return sums


class WinogradLayer:
    """A 3 x 3 convolution with channels filled up with zeros to a multiple of 16."""

    def __init__(self, conv: nn.Conv2d, dtype: torch.dtype) -> None:
        outputs, inputs = conv.weight.shape[:2]
        weight = torch.zeros(padded_channels(outputs), padded_channels(inputs), 3, 3)
        weight[:outputs, :inputs] = conv.weight
        self.bias = np.zeros(len(weight), np.float32)
        if conv.bias is not None:
            self.bias[:outputs] = conv.bias.numpy()
        self.kernels = PackedWeights(transform_kernels_2d(weight), dtype)
        self.inputs, self.outputs = weight.shape[1], weight.shape[0]
        self._rows = weight.flatten(1).double().numpy()

    def output_mean(
        self, source: PaddedMap, source_sums: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the mean of the output, from the input's sum over all pixels, shape (inputs,)."""
        inside = source.inside
        rows, columns = (torch.stack([inside.select(i, edge) for edge in (-1, 0)]) for i in (0, 1))
        across, down = (line.sum(1, dtype=torch.float64).numpy() for line in (rows, columns))
        corners = rows[:, [-1, 0]].double().numpy()
        sums = np.broadcast_to(source_sums, (3, 3, len(source_sums))).copy()
        # the kernel's first row never meets the map's last one, and so on around
        sums[[0, 2]] -= across[:, None]
        sums[:, [0, 2]] -= down
        sums[np.ix_([0, 2], [0, 2])] += corners
        pixels = inside.shape[0] * inside.shape[1]
        mean: npt.NDArray[np.float64] = self._rows @ sums.transpose(2, 0, 1).reshape(-1) / pixels
        return mean + self.bias


class Epilogue(NamedTuple):
    """Where a convolution's output goes, and what becomes of it on the way.

    Its channels are multiplied by factors, what lies in the target is added on request, and numbers
    below zero are multiplied by the slope.
    """

    layer: WinogradLayer
    target: PaddedMap
    slope: float
    factors: npt.NDArray[np.float32] | None = None
    onto: bool = False


class WinogradWorkspace:
    """What lies between the transforms of maps of one size, for layers of at most so many channels.

    Parameters
    ----------
    size
        Height and width.
    channels
        The most that any layer takes or gives.
    dtype
        Of maps and products.
    """

    def __init__(self, size: tuple[int, int], channels: int, dtype: torch.dtype) -> None:
        self._rows, self._columns = (-(-side // TILE) for side in size)
        self._strip = max(1, _TILES // self._columns)
        numbers = self._strip * self._columns * channels
        self._before, self._after = (
            allocate_transformed_tiles(numbers, dtype),
            allocate_transformed_tiles(numbers, dtype),
        )

    def convolve_layers(
        self, source: PaddedMap, epilogues: Sequence[Epilogue]
    ) -> list[npt.NDArray[np.float64]]:
        """Convolve a map with one or more layers; return the sums of their outputs."""
        sums = [np.zeros(each.layer.outputs) for each in epilogues]
        for first in range(0, self._rows, self._strip):
            shape = (min(self._strip, self._rows - first), self._columns)
            tiles, inputs = shape[0] * shape[1], epilogues[0].layer.inputs
            before = self._before[:, : tiles * inputs].view(-1, tiles, inputs)
            plane = self._before.shape[1]
            transform_input_tiles(
                source.flat, inputs, first, shape, flat_memory(self._before), plane
            )
            for each, sum_ in zip(epilogues, sums, strict=True):
                outputs = each.layer.outputs
                after = self._after[:, : tiles * outputs].view(-1, tiles, outputs)
                each.layer.kernels.multiply_into(before, after)
                sum_ += _transform_back_and_sum(self._after, each, (first, shape))
        return [
            sum_ - each.target.clear_overhang_and_return_sums()
            for sum_, each in zip(sums, epilogues, strict=True)
        ]


def _transform_back_and_sum(
    products: Tensor, epilogue: Epilogue, rows: tuple[int, tuple[int, int]]
) -> npt.NDArray[np.float32]:
    bias, target = epilogue.layer.bias, epilogue.target.flat
    factors = np.ones_like(bias) if epilogue.factors is None else epilogue.factors
    slope, sums = np.full_like(bias, epilogue.slope), np.zeros_like(bias)
    how = (factors, factors * bias, slope, sums)
    plane = products.shape[1]
    transform_output_tiles(
        flat_memory(products), plane, *rows, how, target if epilogue.onto else None, target
    )
    return sums
