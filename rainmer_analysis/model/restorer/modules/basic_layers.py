"""The plain parts of the restorer: norm, feed-forward, sampling, the first convolution."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.pooling_and_precision import to_float32, without_autocast
from rainmer_analysis.model.restorer.config import RestorerConfig

__all__ = ["FeedForward", "Norm", "PatchEmbed", "Resample", "build_downsample", "build_upsample"]

_EPS = 1e-5


class _NormWeights(nn.Module):
    """Scale, and bias unless the norm is free of it; published under the name ``body``."""

    def __init__(self, channels: int, *, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None


class Norm(nn.Module):
    """Normalise the channels of each pixel, with the biased variance and 1e-5 under the root.

    With bias it is a layer norm. Without, the map is divided by the deviation but not centred.
    """

    def __init__(self, channels: int, *, kind: str) -> None:
        super().__init__()
        self.body = _NormWeights(channels, bias=kind == "WithBias")

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a map, [B, C, H, W]."""
        weight, bias = self.body.weight, self.body.bias
        with without_autocast(x):
            wide = to_float32(x)
            if bias is not None:
                y = F.layer_norm(
                    wide.permute(0, 2, 3, 1),
                    weight.shape,
                    to_float32(weight),
                    to_float32(bias),
                    _EPS,
                ).permute(0, 3, 1, 2)
            else:
                variance = wide.var(dim=1, keepdim=True, correction=0)
                y = wide * (variance + _EPS).rsqrt() * to_float32(weight)[:, None, None]
        return y.to(x.dtype)


class FeedForward(nn.Module):
    """Mixed-scale feed-forward: two depthwise scales, halved, exchanged and merged by pairs.

    The second pair of convolutions reads adjacent channels two by two. As its input is
    [half of 3 x 3, half of 5 x 5], most pairs come from one scale: as published.
    """

    def __init__(self, channels: int, *, config: RestorerConfig) -> None:
        super().__init__()
        hidden, bias = int(config.expansion * channels), config.bias
        wide = 2 * hidden
        self.project_in = nn.Conv2d(channels, wide, 1, bias=bias)
        self.dwconv3x3 = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=bias)
        self.dwconv5x5 = nn.Conv2d(wide, wide, 5, padding=2, groups=wide, bias=bias)
        self.dwconv3x3_1 = nn.Conv2d(wide, hidden, 3, padding=1, groups=hidden, bias=bias)
        self.dwconv5x5_1 = nn.Conv2d(wide, hidden, 5, padding=2, groups=hidden, bias=bias)
        self.project_out = nn.Conv2d(wide, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map, [B, C, H, W], keeping its shape."""
        x = self.project_in(x)
        near = F.relu(self.dwconv3x3(x)).chunk(2, dim=1)
        far = F.relu(self.dwconv5x5(x)).chunk(2, dim=1)
        first = F.relu(self.dwconv3x3_1(torch.cat([near[0], far[0]], dim=1)))
        second = F.relu(self.dwconv5x5_1(torch.cat([near[1], far[1]], dim=1)))
        out: Tensor = self.project_out(torch.cat([first, second], dim=1))
        return out


class PatchEmbed(nn.Module):
    """The first convolution, without bias; published under the name ``proj``."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Embed images, [B, 3, H, W]: [B, dim, H, W]."""
        out: Tensor = self.proj(x)
        return out


class Resample(nn.Module):
    """A convolution, then pixels moved between space and channels; published as ``body``."""

    def __init__(self, inputs: int, outputs: int, *, shuffle: nn.Module) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.body = nn.Sequential(conv, shuffle)

    def forward(self, x: Tensor) -> Tensor:
        """Bring a map to the next level."""
        out: Tensor = self.body(x)
        return out


def build_downsample(channels: int) -> Resample:
    """Build the step down: [B, C, H, W] to [B, 2C, H/2, W/2]."""
    return Resample(channels, channels // 2, shuffle=nn.PixelUnshuffle(2))


def build_upsample(channels: int) -> Resample:
    """Build the step up: [B, C, H, W] to [B, C/2, 2H, 2W]."""
    return Resample(channels, 2 * channels, shuffle=nn.PixelShuffle(2))
