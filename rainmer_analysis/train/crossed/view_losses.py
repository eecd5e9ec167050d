"""The parts of the recipe's loss for one view, light and weather alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from rainmer_analysis.train.config.sections import CrossedConfig
from rainmer_analysis.train.crossed.crossed_losses import (
    centring_loss,
    mean_cosine,
    ordering_loss,
    soft_contrastive_loss,
)

__all__ = ["LossTerm", "ViewBatch", "ViewLossSettings", "view_loss_settings", "view_losses"]


class LossTerm(NamedTuple):
    """A part of the loss: its name in the log, its weight, and its value, []."""

    name: str
    weight: float
    value: Tensor


class ViewBatch(NamedTuple):
    """A view's embeddings of a batch, and what they are held against.

    Parameters
    ----------
    features
        [n, d], not normalised.
    remembered
        Unit vectors of images of earlier batches, [m, d].
    descriptors
        What the view is to know of the images, [n, k].
    distances
        Wanted unlikeness of each image to all n and the m remembered ones, [n, n + m].
    allowed
        Which pairs may be positives, bool [n, n + m].
    strengths
        How much each image counts where kinds are opposed, [n].
    """

    features: Tensor
    remembered: Tensor
    descriptors: Tensor
    distances: Tensor
    allowed: Tensor
    strengths: Tensor


@dataclass(frozen=True)
class ViewLossSettings:
    """Settings of one view's losses; see `CrossedConfig`."""

    comparison: float
    bandwidth: float
    temperature: float
    regression: float
    ordering: float
    centring: float
    opposition: float


def view_loss_settings(config: CrossedConfig) -> dict[str, ViewLossSettings]:
    """Return the settings by view."""
    bandwidths = {"chromatic": config.light_bandwidth, "degradation": config.weather_bandwidth}
    return {
        view: ViewLossSettings(
            comparison=getattr(config, f"weight_{view}"),
            bandwidth=bandwidth,
            temperature=getattr(config, f"temperature_{view}"),
            regression=getattr(config, f"weight_{view}") * config.regression,
            ordering=getattr(config, f"ordering_{view}"),
            centring=config.centring,
            opposition=getattr(config, f"opposition_{view}"),
        )
        for view, bandwidth in bandwidths.items()
    }


def view_losses(
    name: str, batch: ViewBatch, weights: ViewLossSettings, head: nn.Module
) -> list[LossTerm]:
    """Return the parts of one view's loss.

    Parameters
    ----------
    name
        Of the view; `chromatic` gives the terms `chromatic`, `regression_chromatic` and so on.
    batch
        Embeddings and what they are held against.
    weights
        Settings.
    head
        Loss of predicting the descriptors from the embeddings (`RegressionHead`).
    """
    features, distances, allowed = batch.features, batch.distances, batch.allowed
    comparison = soft_contrastive_loss(
        features,
        distances,
        allowed,
        bandwidth=weights.bandwidth,
        temperature=weights.temperature,
        remembered=batch.remembered,
    )
    ordering = ordering_loss(features, distances, allowed, remembered=batch.remembered)
    return [
        LossTerm(name, weights.comparison, comparison),
        LossTerm(f"regression_{name}", weights.regression, head(features, batch.descriptors)),
        LossTerm(f"ordering_{name}", weights.ordering, ordering),
        LossTerm(f"centring_{name}", weights.centring, centring_loss(features)),
        LossTerm(f"cosine_{name}", weights.opposition, mean_cosine(features, batch.strengths)),
    ]
