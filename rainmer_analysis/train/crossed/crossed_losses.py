"""Losses of crossed batches: soft contrast, ordering, centring, and regression by linear heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.model.pooling_and_precision import normalise_rows

__all__ = [
    "RegressionHead",
    "centring_loss",
    "mean_cosine",
    "neighbour_accuracy",
    "ordering_loss",
    "soft_contrastive_loss",
]

_TINY = 1e-12
_STD_FLOOR = 1e-6  # of features and targets, before they are divided by it


def soft_contrastive_loss(
    features: Tensor,
    distances: Tensor,
    allowed: Tensor,
    *,
    bandwidth: float,
    temperature: float,
    remembered: Tensor | None = None,
) -> Tensor:
    """Hold the likeness of features against wanted likeness.

    For each image i, the softmax over all others of the cosines divided by the temperature is
    compared with targets proportional to exp(-d_ij / bandwidth) for allowed j, 0 for others, by
    the Kullback-Leibler divergence. Where it vanishes, cosines fall linearly with the distance,
    by temperature / bandwidth a unit: near images are alike, and far ones oppose. With distances
    of 0 and infinity it is the supervised contrastive loss (Khosla et al., NeurIPS 2020) less its
    lower bound.

    Parameters
    ----------
    features
        [n, d], not normalised.
    distances
        Of each image to all n images and m remembered ones, [n, n + m], from 0 up.
    allowed
        Which pairs may be positives, bool [n, n + m].
    bandwidth
        In the unit of the distances.
    temperature
        Divides the cosines.
    remembered
        Unit vectors of images of earlier batches, [m, d]; they have no gradient.

    Returns
    -------
    Mean over the images that have an allowed partner, []; from 0 up.
    """
    z = normalise_rows(features)
    others = z if remembered is None else torch.cat([z, remembered.to(z.dtype)])
    own = torch.eye(len(z), len(others), dtype=torch.bool, device=z.device)
    logits = (z @ others.T / temperature).masked_fill(own, float("-inf"))
    predicted = logits.log_softmax(dim=1).masked_fill(own, 0.0)
    allowed = allowed & ~own
    # In logarithms, so that far images underflow in no row: the nearest always counts.
    wanted = (-distances / bandwidth).masked_fill(~allowed, float("-inf"))
    has = allowed.any(dim=1)
    target = wanted[has].softmax(dim=1)
    divergence = target * ((target + _TINY).log() - predicted[has])
    return divergence.sum(dim=1).mean()


def ordering_loss(
    features: Tensor, distances: Tensor, allowed: Tensor, *, remembered: Tensor | None = None
) -> Tensor:
    """Return how far cosines are from falling with the distance over its whole range.

    `soft_contrastive_loss` hardly tells far from farther, since its targets vanish for both.

    Parameters
    ----------
    features, distances, allowed, remembered
        As for `soft_contrastive_loss`, the distances finite; pairs that are not allowed do not
        count.

    Returns
    -------
    Mean over the images of 1 plus the correlation of their cosines with their distances, [];
    0 where all fall along a line, 1 where they do not go together and for an image without an
    allowed partner.
    """
    z = normalise_rows(features)
    others = z if remembered is None else torch.cat([z, remembered.to(z.dtype)])
    share = allowed / allowed.sum(dim=1, keepdim=True).clamp_min(1)

    def centred(values: Tensor) -> Tensor:
        values = (values - (share * values).sum(dim=1, keepdim=True)) * share.sqrt()
        return normalise_rows(values)

    correlations: Tensor = (centred(z @ others.T) * centred(distances)).sum(dim=1)
    return 1 + correlations.mean()


def centring_loss(features: Tensor) -> Tensor:
    """Penalise vectors that share one direction.

    Vectors in one narrow cone have cosines near 1 whatever they show, and the contrastive
    gradient, which is tangential to the sphere, hardly turns them out of it; this one does.

    Parameters
    ----------
    features
        [n, d], not normalised.

    Returns
    -------
    Mean of two terms log(1 + squared mean / variance) over the batch, []: of the vectors as a
    whole, so that no few channels hold them in one direction, and of each channel on average, so
    that none is idle.
    """
    squares, variances = features.mean(dim=0).square(), features.var(dim=0) + _TINY
    whole = torch.log1p(squares.sum() / variances.sum())
    return (whole + torch.log1p(squares / variances).mean()) / 2


def mean_cosine(features: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean cosine of all pairs, the squared length of the mean unit vector, [].

    Long vectors of a few images balance the others in `centring_loss`, not here.

    Parameters
    ----------
    features
        [n, d], not normalised.
    weights
        Of the images, [n], from 0 up and not all 0.
    """
    z, shares = normalise_rows(features), weights / weights.sum().clamp_min(_TINY)
    return (shares @ z).square().sum()


def neighbour_accuracy(features: Tensor, labels: Tensor, allowed: Tensor) -> Tensor:
    """Return the share of images whose nearest allowed neighbour has their label, [].

    Parameters
    ----------
    features
        [n, d], not normalised.
    labels
        [n].
    allowed
        Which pairs count, bool [n, n]; each row holds at least one.
    """
    z = normalise_rows(features)
    nearest = (z @ z.T).masked_fill(~allowed, float("-inf")).argmax(dim=1)
    return (labels[nearest] == labels).float().mean()


class RegressionHead(nn.Module):
    """Predicts targets linearly from features that are standardised over the batch.

    Parameters
    ----------
    width
        Numbers of a feature.
    targets
        Numbers to predict.
    """

    def __init__(self, width: int, targets: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, targets)

    def forward(self, features: Tensor, targets: Tensor) -> Tensor:
        """Return the squared error over the targets' variance, mean over targets, [].

        Parameters
        ----------
        features
            [n, width].
        targets
            [n, targets]; standardised over the batch like the features.
        """
        difference: Tensor = self.linear(_standardise(features)) - _standardise(targets)
        return difference.square().mean()


def _standardise(x: Tensor) -> Tensor:
    return (x - x.mean(dim=0)) / (x.std(dim=0) + _STD_FLOOR)
