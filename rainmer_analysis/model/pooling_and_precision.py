"""Means and norms that stay in float32 when the convolutions do not.

Under bfloat16 autocast a feature map has 8 bits of mantissa. A mean over 16,384 positions, a
norm, or a softmax in that precision loses what tells two images apart, so every step that
turns a map into a vector runs in float32 here, forward and backward, whatever autocast says.
float64 stays float64.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "GlobalMean",
    "autocast_context",
    "block_mean",
    "global_mean",
    "normalise_rows",
    "to_float32",
    "without_autocast",
]

_LOW = (torch.bfloat16, torch.float16)
_EPS = 1e-12


def autocast_context(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network of this precision is evaluated on a device."""
    if precision != "bf16":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Return a context in which operations on the device of `x` keep the type of their input."""
    if x.is_meta:  # shapes without numbers, which no autocast knows
        return nullcontext()
    return torch.autocast(device_type=x.device.type, enabled=False)


def to_float32(x: Tensor) -> Tensor:
    """Return `x` in float32 if it has half precision, itself otherwise."""
    return x.float() if x.dtype in _LOW else x


def global_mean(x: Tensor) -> Tensor:
    """Average a map over its positions, summed in float32.

    Parameters
    ----------
    x
        Map, [B, C, H, W].

    Returns
    -------
    Mean, [B, C]; float32, or float64 for a float64 map.
    """
    return x.mean(dim=(2, 3), dtype=torch.float32 if x.dtype in _LOW else None)


def block_mean(x: Tensor, *, size: int = 8) -> Tensor:
    """Average a map over squares that do not overlap; rows and columns left over are dropped.

    Parameters
    ----------
    x
        Map, [B, C, H, W], H and W at least `size`.
    size
        Side of a square, pixels.

    Returns
    -------
    Map, [B, C, H // size, W // size].
    """
    with without_autocast(x):
        return F.avg_pool2d(to_float32(x), size)


def normalise_rows(p: Tensor) -> Tensor:
    """Bring every row to length 1; a row of zeros stays zero.

    Parameters
    ----------
    p
        Vectors, [B, C] (or maps, [B, C, H, W]: normalised over C at each position).

    Returns
    -------
    p / max(|p|, 1e-12), of the shape of `p`.
    """
    with without_autocast(p):
        return F.normalize(to_float32(p), dim=1, eps=_EPS)


class GlobalMean(nn.Module):
    """`global_mean` as a layer that keeps the two spatial axes: [B, C, H, W] to [B, C, 1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        """Average over positions."""
        return global_mean(x)[:, :, None, None]
