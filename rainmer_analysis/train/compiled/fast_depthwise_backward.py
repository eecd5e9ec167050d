"""Depthwise convolutions and border-aware averages with quick gradients on a CPU.

For depthwise kernels other than 3 x 3 without dilation, PyTorch's CPU backward falls back to
reference loops that are 30 to 300 times slower than its forward, and in a mixture of experts
they are most of a training step. The same gradients can be had from the quick paths alone:

* with respect to the input: a forward depthwise convolution with the mirrored kernel;
* with respect to the weight: a dilated image is taken apart into its interleaved undilated ones,
  and a larger kernel is covered by 3 x 3 tiles, each of which is the weight gradient of a 3 x 3
  convolution of a shifted image.

This also avoids a fault: in bfloat16 and channels-last layout the weight gradient of a dilated
depthwise convolution reads memory that nobody wrote (torch 2.13 with its oneDNN), which ended
runs in NaN at steps that did not repeat. That path is never taken here.

`use_fast_backward` swaps the classes of a network's layers; parameters, keys and outputs stay as
they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["use_fast_backward"]

_TILE = 3


def use_fast_backward(network: nn.Module) -> None:
    """Exchange depthwise convolutions and average pools for ones with fast gradients, in place.

    Depthwise convolutions without bias, with stride 1 and an odd kernel padded to keep the size,
    and 3 x 3 averages with stride 1 that do not count the padding are exchanged; all else stays.
    """
    for module in network.modules():
        kind: Any = type(module)
        if isinstance(module, nn.Conv2d) and _is_same_size_depthwise(module):
            module.__class__ = _subclass_with_fast_backward(_FastDepthwise, kind)
        elif isinstance(module, nn.AvgPool2d) and _is_border_aware_average(module):
            module.__class__ = _subclass_with_fast_backward(_FastAverage, kind)


@lru_cache(maxsize=64)
def _subclass_with_fast_backward(quick: type, kind: type) -> Any:
    """Return the subclass of a layer's class whose forward is the quick one."""
    return kind if issubclass(kind, quick) else type(f"Quick{kind.__name__}", (quick, kind), {})


def _is_same_size_depthwise(conv: nn.Conv2d) -> bool:
    kernel, dilation = conv.kernel_size[0], conv.dilation[0]
    return (
        conv.groups == conv.in_channels == conv.out_channels
        and conv.bias is None
        and conv.stride == (1, 1)
        and conv.kernel_size == (kernel, kernel)
        and conv.dilation == (dilation, dilation)
        and kernel % 2 == 1
        and conv.padding == (dilation * (kernel // 2),) * 2
        and conv.padding_mode == "zeros"
    )


def _is_border_aware_average(pool: nn.AvgPool2d) -> bool:
    return (
        pool.kernel_size in (3, (3, 3))
        and pool.stride in (1, (1, 1))
        and pool.padding in (1, (1, 1))
        and not pool.count_include_pad
        and not pool.ceil_mode
        and pool.divisor_override is None
    )


class _FastDepthwise:
    weight: Tensor
    dilation: tuple[int, int]

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_autocast_enabled(x.device.type):
            dtype = torch.get_autocast_dtype(x.device.type)
            return _depthwise_with_fast_backward(
                x.to(dtype), self.weight.to(dtype), self.dilation[0]
            )
        return _depthwise_with_fast_backward(x, self.weight, self.dilation[0])


class _FastAverage:
    """Sums by a depthwise convolution with ones, divided by the number of pixels inside."""

    def forward(self, x: Tensor) -> Tensor:
        ones = x.new_ones(x.shape[1], 1, 3, 3)
        rows, columns = (_reciprocal_counts(length, x) for length in x.shape[-2:])
        return _depthwise_with_fast_backward(x, ones, 1) * (rows[:, None] * columns)


def _reciprocal_counts(length: int, like: Tensor) -> Tensor:
    count = like.new_full((length,), 3.0)
    count[0] -= 1
    count[-1] -= 1
    return count.reciprocal()


def _depthwise_with_fast_backward(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    if weight.shape[-1] == 1:
        return x * weight[None, :, 0]
    out: Tensor = _DepthwiseFunction.apply(x, weight, dilation)  # type: ignore[no-untyped-call]
    return out


def _convolve_depthwise(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    padding = dilation * (weight.shape[-1] // 2)
    return F.conv2d(x, weight, padding=padding, dilation=dilation, groups=len(weight))


class _DepthwiseFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return _convolve_depthwise(x, weight, dilation)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        (gradient,) = gradients
        wanted = ctx.needs_input_grad
        to_x = (
            _convolve_depthwise(gradient, weight.flip(-1, -2), ctx.dilation) if wanted[0] else None
        )
        to_weight = (
            depthwise_weight_gradient(x, gradient, weight, ctx.dilation) if wanted[1] else None
        )
        return to_x, to_weight, None


def depthwise_weight_gradient(x: Tensor, gradient: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """Differentiate a same-size depthwise convolution by its weight.

    Parameters
    ----------
    x, gradient
        Input, and gradient with respect to the output, [B, C, H, W].
    weight
        [C, 1, k, k], k odd and at least 3.
    dilation
        Of the convolution.

    Returns
    -------
    [C, 1, k, k].
    """
    kernel = weight.shape[-1]
    half = kernel // 2
    tiles = -(-kernel // _TILE)
    # Tiles are laid from the top left; the last row and column overlap the ones before.
    starts = [min(tile * _TILE, kernel - _TILE) for tile in range(tiles)]
    out = torch.zeros_like(weight)
    tile_weight = weight[..., :_TILE, :_TILE].contiguous()
    for part, gradient_part in zip(
        _split_by_stride(x, dilation), _split_by_stride(gradient, dilation), strict=True
    ):
        height, width = gradient_part.shape[-2:]
        padded = F.pad(part, (half, half, half, half))
        total = torch.zeros_like(weight)
        for top in starts:
            for left in starts:
                shifted = padded[..., top : top + height + 2, left : left + width + 2]
                total[..., top : top + _TILE, left : left + _TILE] = _tile_gradient(
                    shifted, gradient_part, tile_weight
                )
        out += total
    return out


def _tile_gradient(x: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    x = x.contiguous(memory_format=torch.channels_last)
    gradients = torch.ops.aten.convolution_backward(
        gradient,
        x,
        weight,
        None,
        [1, 1],
        [0, 0],
        [1, 1],
        False,
        [0, 0],
        len(weight),
        [False, True, False],
    )
    out: Tensor = gradients[1]
    return out


def _split_by_stride(x: Tensor, step: int) -> list[Tensor]:
    """Take an image [B, C, H, W] apart into step x step interleaved ones."""
    if step == 1:
        return [x]
    return [
        x[..., row::step, column::step].contiguous(memory_format=torch.channels_last)
        for row in range(step)
        for column in range(step)
    ]
