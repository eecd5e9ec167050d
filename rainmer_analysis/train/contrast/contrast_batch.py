"""What a step compares: queries, and their positives and negatives view by view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.train.data import Levels

__all__ = ["VIEWS", "Batch", "View", "ViewImages", "from_8bit", "scaled", "tensor_copy"]

View = Literal["detail", "chromatic", "degradation"]
VIEWS: tuple[View, ...] = ("detail", "chromatic", "degradation")


@dataclass(frozen=True)
class ViewImages:
    """Images that one view compares the queries with.

    Parameters
    ----------
    positive
        [B, 3, H, W] in [0, 1].
    negatives
        [B, n, 3, H, W] in [0, 1].
    """

    positive: Tensor
    negatives: Tensor


@dataclass(frozen=True)
class Batch:
    """Queries [B, 3, h, w] and what they are compared with, view by view."""

    query: Tensor
    views: Mapping[View, ViewImages]


def tensor_copy(levels: Levels) -> Tensor:
    """Return 8-bit levels as a tensor of their own, whatever file they are mapped from."""
    return torch.from_numpy(np.array(levels))


def scaled(levels: Tensor) -> Tensor:
    """Return float32 images in [0, 1] of 8-bit levels, where those are."""
    return levels.float().div_(255)


def from_8bit(levels: Levels) -> Tensor:
    """Return float32 images in [0, 1] of 8-bit levels."""
    return scaled(tensor_copy(levels))
