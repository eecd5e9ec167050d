"""A linear head beside the comparisons, thrown away after training.

The contrastive gradient is small as long as all cosines are alike; that of a regression is not.
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["RegressionHead"]

_TINY = 1e-6


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
    return (x - x.mean(dim=0)) / (x.std(dim=0) + _TINY)
