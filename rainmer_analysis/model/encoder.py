"""Rainmer's encoder: an image to chromatic and degradation knowledge.

Supplement, sections A and B; where the text is silent or contradicts itself, the published
code. No normalisation layer has state and nothing drops out: training and evaluation
compute the same function.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.experts import Mixture
from rainmer_analysis.model.pooling_and_precision import (
    GlobalMean,
    block_mean,
    global_mean,
    normalise_rows,
    without_autocast,
)

__all__ = ["MIN_SIDE", "SLOPE", "WIDTHS", "EncoderConfig", "EncoderOutput", "RainmerEncoder"]

MIN_SIDE = 8
SLOPE = 0.1


@dataclass(frozen=True)
class EncoderConfig:
    """Widths of the encoder; the defaults are the published ones.

    Parameters
    ----------
    dim
        Channels of local knowledge.
    base_dim
        Channels of the projectors, the length of an embedding.
    gate_hidden
        Hidden units of the gate.
    se_hidden
        Hidden channels of squeeze-and-excite. Narrow widths keep the published 8: with
        ``base_dim // 16`` = 2 both units are often dead from the start.
    """

    dim: int = 48
    base_dim: int = 128
    gate_hidden: int = 64
    se_hidden: int = 8

    def __post_init__(self) -> None:
        for name in ("dim", "base_dim", "gate_hidden", "se_hidden"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                msg = f"{name} of an encoder is {value!r}; give a whole number from 1 up."
                raise ParameterError(msg)


WIDTHS: MappingProxyType[str, EncoderConfig] = MappingProxyType(
    {
        "quarter": EncoderConfig(dim=12, base_dim=32),
        "half": EncoderConfig(dim=24, base_dim=64),
        "full": EncoderConfig(),
    }
)


@dataclass(frozen=True)
class EncoderOutput:
    """What one forward pass gives, for B images of H x W pixels.

    Parameters
    ----------
    location
        Local knowledge, [B, dim, H, W]; not normalised.
    chromatic_z, degradation_z
        Unit vectors, [B, base_dim]: analysis and prompts. The detail view has no vector of its
        own; it shares `degradation_z`.
    chromatic_p, degradation_p
        The same before normalisation: contrastive training.
    detail_map
        Means over 8 x 8 squares, [B, base_dim, H // 8, W // 8]; not normalised.
    """

    location: Tensor
    chromatic_z: Tensor
    chromatic_p: Tensor
    degradation_z: Tensor
    degradation_p: Tensor
    detail_map: Tensor


class _PatchEmbed(nn.Module):
    """The first convolution; published under the name ``proj``."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.proj(x)
        return out


class _SqueezeExcite(nn.Module):
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


class _SqueezeExciteResidual(nn.Module):
    """conv, SE, LeakyReLU, conv, SE; the last LeakyReLU follows the sum."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.se1 = _SqueezeExcite(channels, hidden)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.se2 = _SqueezeExcite(channels, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map [B, C, H, W], keeping its shape."""
        y = F.leaky_relu(self.se1(self.conv1(x)), SLOPE)
        y = self.se2(self.conv2(y))
        return F.leaky_relu(y + x, SLOPE)


def _build_projector(dim: int, channels: int, *, hidden: int) -> nn.Sequential:
    """Build one projector: [B, dim, H, W] to [B, channels, H, W]."""
    return nn.Sequential(
        nn.Conv2d(dim, channels, 3, padding=1),
        nn.LeakyReLU(SLOPE),
        _SqueezeExciteResidual(channels, hidden),
    )


class _Projectors(nn.Module):
    """Both projectors under their published names; `degra_enc` serves detail as well."""

    def __init__(self, dim: int, channels: int, *, hidden: int) -> None:
        super().__init__()
        self.chromatic_enc = _build_projector(dim, channels, hidden=hidden)
        self.degra_enc = _build_projector(dim, channels, hidden=hidden)


class RainmerEncoder(nn.Module):
    """Map images to local, chromatic and degradation knowledge.

    At the published width 941,536 parameters in 119 tensors, keys as published.

    Examples
    --------
    >>> import torch
    >>> encoder = RainmerEncoder(WIDTHS["quarter"])
    >>> encoder(torch.rand(2, 3, 32, 40)).chromatic_z.shape
    torch.Size([2, 32])
    """

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = EncoderConfig() if config is None else config
        self.conv = _PatchEmbed(config.dim)
        self.MoEs = Mixture(config.dim, config.gate_hidden)
        self.Atom = _Projectors(config.dim, config.base_dim, hidden=config.se_hidden)

    @property
    def projectors(self) -> tuple[nn.Sequential, nn.Sequential]:
        """The chromatic projector, and that of detail and degradation."""
        return self.Atom.chromatic_enc, self.Atom.degra_enc

    def local_features(self, x: Tensor) -> Tensor:
        """Local knowledge of images [B, 3, H, W] in [0, 1]: [B, dim, H, W], of any size."""
        if x.ndim != 4 or x.shape[1] != 3:
            msg = (
                f"The encoder was given a tensor of shape {list(x.shape)}; "
                "give images as [B, 3, H, W], RGB in [0, 1]."
            )
            raise ParameterError(msg)
        out: Tensor = self.MoEs(self.conv(x))
        return out

    def chromatic_features(self, location: Tensor) -> Tensor:
        """Chromatic map, [B, base_dim, H, W], of local knowledge [B, dim, H, W]."""
        out: Tensor = self.Atom.chromatic_enc(location)
        return out

    def degradation_features(self, location: Tensor) -> Tensor:
        """Detail and degradation map, [B, base_dim, H, W], of local knowledge [B, dim, H, W]."""
        out: Tensor = self.Atom.degra_enc(location)
        return out

    def forward(self, x: Tensor) -> EncoderOutput:
        """Encode images.

        Parameters
        ----------
        x
            Images, [B, 3, H, W], RGB in [0, 1], H and W at least 8.

        Returns
        -------
        All outputs; vectors and detail map in float32 also under autocast.

        Raises
        ------
        ParameterError
            If `x` has another shape or a side under 8 pixels.
        """
        if min(x.shape[-2:], default=0) < MIN_SIDE:
            msg = (
                f"The encoder was given a tensor of shape {list(x.shape)}; give images as "
                f"[B, 3, H, W] whose sides have at least {MIN_SIDE} pixels."
            )
            raise ParameterError(msg)
        location = self.local_features(x)
        chromatic_p = global_mean(self.chromatic_features(location))
        features = self.degradation_features(location)
        degradation_p = global_mean(features)
        return EncoderOutput(
            location=location,
            chromatic_z=normalise_rows(chromatic_p),
            chromatic_p=chromatic_p,
            degradation_z=normalise_rows(degradation_p),
            degradation_p=degradation_p,
            detail_map=block_mean(features),
        )
