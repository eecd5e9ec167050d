"""Weights as the compiled loops take them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.kernels.hcw_maps import Array, transform_kernels_1d

__all__ = ["PackedConvolution", "fold_norm_into_matrix", "to_flat_float32", "weight_matrix"]


def to_flat_float32(tensor: Tensor) -> Array:
    """Return a tensor's numbers as float32, flat, in memory of their own."""
    found: Array = tensor.detach().to(torch.float32).flatten().numpy().copy()
    return found


def weight_matrix(layer: nn.Module) -> Tensor:
    """Return a 1 x 1 convolution's matrix, float64 [outputs, inputs]."""
    return cast(Tensor, layer.weight).detach().flatten(1).double()


def fold_norm_into_matrix(layer: nn.Module, norm: nn.Module) -> Tensor:
    """Multiply a norm's scale and shift into the 1 x 1 convolution behind it.

    Returns
    -------
    float64 [outputs, inputs + 1]: the last column takes the ones that `layer_norm` makes.
    """
    body: Any = norm.body
    weight = weight_matrix(layer)
    shift = torch.zeros(len(weight), dtype=torch.float64)
    if body.bias is not None:
        shift = weight @ body.bias.detach().double()
    return torch.cat([weight * body.weight.detach().double(), shift[:, None]], dim=1)


class PackedConvolution:
    """A 3 x 3 convolution, for `rainmer_analysis.kernels.hcw_maps.convolve_3x3`.

    Parameters
    ----------
    weight
        [outputs, inputs, 3, 3].
    bias
        [outputs], or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.outputs, self.inputs = weight.shape[:2]
        self.kernels = to_flat_float32(transform_kernels_1d(weight.detach().double()))
        self.bias: npt.NDArray[np.float32] = (
            np.zeros(self.outputs, np.float32) if bias is None else to_flat_float32(bias)
        )
