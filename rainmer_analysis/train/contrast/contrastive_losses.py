"""Cosines of views, and the published losses of them.

Supplement, section on disentangling, with the published code where the text is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

__all__ = [
    "VIEWS",
    "View",
    "contrastive_losses",
    "query_key_cosines",
    "share_with_nearest_positive",
]

View = Literal["detail", "chromatic", "degradation"]
VIEWS: tuple[View, ...] = ("detail", "chromatic", "degradation")


def query_key_cosines(query: Tensor, keys: Tensor) -> Tensor:
    """Compare queries with their keys.

    Parameters
    ----------
    query
        Unit features over channels, [B, C] or [B, C, h, w].
    keys
        [B, 1 + n, C] or [B, 1 + n, C, h, w].

    Returns
    -------
    Cosines, [B, 1 + n]; of maps the mean over positions.
    """
    query = query.flatten(2) if query.ndim == 4 else query[..., None]
    keys = keys.flatten(3) if keys.ndim == 5 else keys[..., None]
    return torch.einsum("bcp,bkcp->bk", query, keys) / query.shape[-1]


def contrastive_losses(
    cosines: Mapping[View, Tensor],
    *,
    chromatic_temperature: float = 1.0,
    degradation_temperature: float = 1.0,
) -> dict[str, Tensor]:
    """Cross-entropies of the published recipe.

    Parameters
    ----------
    cosines
        Per view [B, 1 + n], the positive first.
    chromatic_temperature, degradation_temperature
        Temperatures of the chromatic and of the joint degradation and detail loss.

    Returns
    -------
    ``chromatic``, and ``degradation``: one class for the sum of the degradation and the detail
    positive, against the negatives of both. When every cosine is 1 they are log 5 = 1.609 and
    log(1 + 8 / e) = 1.372 for four negatives a view.
    """
    deg, det = cosines["degradation"], cosines["detail"]
    joint = torch.cat([deg[:, :1] + det[:, :1], deg[:, 1:], det[:, 1:]], dim=1)
    return {
        "chromatic": _cross_entropy_of_first(cosines["chromatic"] / chromatic_temperature),
        "degradation": _cross_entropy_of_first(joint / degradation_temperature),
    }


def _cross_entropy_of_first(logits: Tensor) -> Tensor:
    return -logits.log_softmax(dim=1)[:, 0].mean()


def share_with_nearest_positive(cosines: Tensor) -> Tensor:
    """Share of queries whose positive is closer than every negative: [B, 1 + n] to a scalar."""
    return (cosines[:, :1] > cosines[:, 1:]).all(dim=1).float().mean()
