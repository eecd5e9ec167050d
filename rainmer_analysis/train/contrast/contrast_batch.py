"""What a step compares: queries, and their positives and negatives view by view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

__all__ = ["VIEWS", "Batch", "View", "ViewImages"]

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
