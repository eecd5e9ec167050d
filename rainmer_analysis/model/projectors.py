"""The two projectors: local knowledge in, chromatic or degradation knowledge out."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.pooling import GlobalMean, without_autocast

__all__ = ["SLOPE", "Atom", "ResidualBlock", "SqueezeExcite", "projector"]

SLOPE = 0.1


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate that its own mean and the others' means decide."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.se = nn.Sequential(
            GlobalMean(),
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of a map [B, C, H, W]."""
        with without_autocast(x):
            mean = self.se[0](x).to(next(self.se.parameters()).dtype)
            scale: Tensor = self.se[1:](mean)
        return x * scale.to(x.dtype)


class ResidualBlock(nn.Module):
    """conv, SE, LeakyReLU, conv, SE; the last LeakyReLU follows the sum."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.se1 = SqueezeExcite(channels, hidden)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.se2 = SqueezeExcite(channels, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map [B, C, H, W], keeping its shape."""
        y = F.leaky_relu(self.se1(self.conv1(x)), SLOPE)
        y = self.se2(self.conv2(y))
        return F.leaky_relu(y + x, SLOPE)


def projector(dim: int, channels: int, *, hidden: int) -> nn.Sequential:
    """Build one projector: [B, dim, H, W] to [B, channels, H, W]."""
    return nn.Sequential(
        nn.Conv2d(dim, channels, 3, padding=1),
        nn.LeakyReLU(SLOPE),
        ResidualBlock(channels, hidden),
    )


class Atom(nn.Module):
    """Both projectors under their published names; `degra_enc` serves detail as well."""

    def __init__(self, dim: int, channels: int, *, hidden: int) -> None:
        super().__init__()
        self.chromatic_enc = projector(dim, channels, hidden=hidden)
        self.degra_enc = projector(dim, channels, hidden=hidden)
