"""How knowledge enters the restorer: local knowledge by fusion, the two vectors as prompts.

One function per rule that fuses prompts; a variant names its rule. The chromatic prompt is
always the first, and a single prompt of either kind passes through the chromatic weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.encoder import SLOPE, EncoderOutput
from rainmer_analysis.model.pooling_and_precision import (
    global_mean,
    normalise_rows,
    to_float32,
    without_autocast,
)
from rainmer_analysis.model.restorer.config import RestorerConfig

__all__ = ["FUSIONS", "LocalFusion", "PromptFusion", "PromptedModule", "Prompts"]


@dataclass(frozen=True)
class Prompts:
    """Unit vectors that steer a restoration.

    Parameters
    ----------
    chromatic, degradation
        [B, base_dim], or [1, base_dim] for all images of a batch; None if not known. The detail
        view has no vector of its own, it is `degradation`.
    """

    chromatic: Tensor | None = None
    degradation: Tensor | None = None

    @classmethod
    def from_encoder_output(cls, output: EncoderOutput) -> Prompts:
        """Take the vectors that an encoder gave."""
        return cls(output.chromatic_z, output.degradation_z)


class LocalFusion(nn.Module):
    """Fuse the encoder's local knowledge into the restorer's features, both [B, C, H, W]."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.location_map = nn.Sequential(
            nn.Conv2d(dim, dim, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(dim, dim, 3, padding=1),
        )
        self.channel_map = nn.Sequential(
            nn.Conv2d(dim, dim, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(dim, dim, 1)
        )

    def forward(self, location: Tensor, features: Tensor) -> Tensor:
        """Weigh each by the other: in space by knowledge, in channels by features."""
        where = self.location_map(location).mean(dim=1, keepdim=True)
        with without_autocast(features):
            pooled = global_mean(features)[:, :, None, None]
            which = self.channel_map(pooled.to(next(self.channel_map.parameters()).dtype))
        which = which.to(location.dtype)
        where, which = (where * features).sigmoid(), (which * location).sigmoid()
        out: Tensor = where * location + which * features
        return out


class _PromptAttention(nn.Module):
    """Spread a prompt over a map, as strongly as each place asks for."""

    def __init__(self, channels: int, base_dim: int) -> None:
        super().__init__()
        self.classifier = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.GELU(), nn.Conv2d(channels, 1, 1)
        )
        self.trans = nn.Sequential(nn.Conv2d(base_dim, channels, 1), nn.SiLU())

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the prompt's map, [B, C, H, W], for a map of that shape and z, [B or 1, base].

        The gate is one number per pixel, so the convolution of gate times z is the gate times
        the transformed z: one small product instead of a convolution over the map.
        """
        gate = self.classifier(x).sigmoid()
        weight, bias = self.trans.parameters()
        shift = F.linear(z.to(weight.dtype), weight.flatten(1))[:, :, None, None]
        out: Tensor = self.trans[1](gate * shift + bias[:, None, None])
        return out


def _fuse_by_sum(chromatic: Tensor, degradation: Tensor, cosine: Tensor) -> Tensor:  # noqa: ARG001
    return chromatic + degradation


def _fuse_by_chromatic_alpha(chromatic: Tensor, degradation: Tensor, cosine: Tensor) -> Tensor:
    alpha = (1 + cosine) / 2
    return alpha * chromatic + (1 - alpha) * degradation


def _fuse_by_degradation_alpha(chromatic: Tensor, degradation: Tensor, cosine: Tensor) -> Tensor:
    # The cosine itself: below zero the mixture is not convex, as published.
    return (1 - cosine) * chromatic + cosine * degradation


@dataclass(frozen=True)
class PromptFusion:
    """A rule that fuses two prompts' maps.

    Parameters
    ----------
    mix
        The rule, of both maps and of a cosine, [B or 1, 1, 1, 1].
    anchor
        Name of the learnt vector that the cosine is taken with, None where there is none.
    view
        Which prompt it is compared with: 0 chromatic, 1 degradation.
    """

    mix: Callable[[Tensor, Tensor, Tensor], Tensor]
    anchor: str | None = None
    view: int = 0


FUSIONS: MappingProxyType[str, PromptFusion] = MappingProxyType(
    {
        "sum": PromptFusion(_fuse_by_sum),
        "chr-alpha": PromptFusion(_fuse_by_chromatic_alpha, "chr_z", 0),
        "detg-alpha": PromptFusion(_fuse_by_degradation_alpha, "detg_z", 1),
    }
)


class PromptedModule(nn.Module):
    """Two prompt attentions and what fuses them, for a module to inherit.

    Published keys have them beside the layers of the module that they steer, so they are added
    to that module and not held in one of their own.
    """

    chr_promptAttn: _PromptAttention  # noqa: N815
    detg_promptAttn: _PromptAttention  # noqa: N815

    def add_prompt_layers(self, channels: int, config: RestorerConfig) -> None:
        """Lay out the prompt attentions, and the anchor of a rule that has one."""
        self.fusion = FUSIONS[config.variant_traits.fusion]
        self.chr_promptAttn = _PromptAttention(channels, config.base_dim)
        self.detg_promptAttn = _PromptAttention(channels, config.base_dim)
        if self.fusion.anchor is not None:
            anchor = nn.Parameter(torch.ones(1, config.base_dim, 1, 1))
            self.register_parameter(self.fusion.anchor, anchor)

    def add_prompt_maps(self, x: Tensor, prompts: tuple[Tensor, ...]) -> Tensor:
        """Add what none, one or two prompts, chromatic first, say to a map [B, C, H, W]."""
        if not prompts:
            return x
        first: Tensor = self.chr_promptAttn(x, prompts[0])
        if len(prompts) == 1:
            return x + first
        second = self.detg_promptAttn(x, prompts[1])
        return x + self.fusion.mix(first, second, self.anchor_prompt_cosine(prompts, like=x))

    def anchor_prompt_cosine(self, prompts: tuple[Tensor, ...], *, like: Tensor) -> Tensor:
        """Cosine of anchor and prompt; the gradient reaches the anchor alone."""
        if self.fusion.anchor is None:
            return like.new_ones(1, 1, 1, 1)
        z = prompts[self.fusion.view].detach()
        anchor = normalise_rows(self.get_parameter(self.fusion.anchor).flatten(1))
        with without_autocast(z):
            cosine: Tensor = (to_float32(z) * anchor).sum(dim=1)
        return cosine.to(like.dtype).reshape(-1, 1, 1, 1)
