"""How tensors lie in memory for the kernels: channels filled up to whole vectors, and flat."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from rainmer_analysis.kernels.simd_vectors import LANES

__all__ = ["flat_memory", "padded_channels"]


def padded_channels(channels: int) -> int:
    """Return the number of channels with which a map of so many lies in memory."""
    return -(-channels // LANES) * LANES


def flat_memory(tensor: Tensor) -> npt.NDArray[Any]:
    """Return the memory of a contiguous tensor as the kernels take it: bfloat16 is uint16."""
    whole = tensor.view(-1)
    array: npt.NDArray[Any] = (
        whole if tensor.dtype == torch.float32 else whole.view(torch.uint16)
    ).numpy()
    return array
