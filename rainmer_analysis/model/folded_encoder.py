"""Rainmer's encoder for inference: the same function of an image, with less work.

Everything here is derived from a `RainmerEncoder`, which stays the one definition of the network.

- The first two convolutions have nothing but a mean between them, which follows from sums of the
  image; so they are one.
- An expert's last layer, its gate and the fusion are linear: per image they are one matrix.
- Rectified maps are added, so the rectifier after the sum has nothing to do.
- The first convolutions of both projectors are one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.encoder import MIN_SIDE, SLOPE, RainmerEncoder
from rainmer_analysis.model.experts import EXPERTS, ExpertStages, Stage
from rainmer_analysis.model.pooling_and_precision import (
    global_mean,
    normalise_rows,
    without_autocast,
)

__all__ = [
    "FoldedEncoder",
    "FoldedOutput",
    "Projectors",
    "Stages",
    "fold_experts_in_place",
    "mean_3x3_neighbourhood",
]

# Rectified maps [B, dim, H, W] and weights of the experts [B, 4, 8] -> local knowledge.
Stages = Callable[[Tensor, Tensor], Tensor]
# Local knowledge [B, dim, H, W] -> pooled chromatic and degradation vectors, [B, base_dim] each.
Projectors = Callable[[Tensor], list[Tensor]]


@dataclass(frozen=True)
class FoldedOutput:
    """Unit vectors of B images, float32 [B, base_dim] each."""

    chromatic_z: Tensor
    degradation_z: Tensor


def mean_3x3_neighbourhood(x: Tensor) -> Tensor:
    """Average the 3 x 3 neighbourhoods of all pixels, zeros beyond the border.

    The mean over a map of ``conv3x3(x, weight, bias)`` is ``weight`` times this, plus ``bias``.

    Parameters
    ----------
    x
        Maps, [B, C, H, W].

    Returns
    -------
    Means, [B, C, 3, 3].
    """
    height, width = x.shape[-2:]
    padded = F.pad(x, (1, 1, 1, 1))
    rows = torch.stack([padded[:, :, i : i + height].sum(2) for i in range(3)], dim=2)
    sums = torch.stack([rows[..., j : j + width].sum(3) for j in range(3)], dim=3)
    return sums / (height * width)


class _BorderAwareAverage(nn.Module):
    """Means of 3 x 3 neighbours without those beyond the border, as a depthwise convolution."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.full((dim, 1, 3, 3), 1 / 9, dtype=torch.float64))
        self.weight: Tensor

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv2d(x, self.weight, padding=1, groups=x.shape[1])
        for axis in (2, 3):
            for edge in (0, -1):
                y.select(axis, edge).mul_(1.5)
        return y


class _FoldedStage(nn.Module):
    """A stage whose last layers, gate and fusion are one matrix per image."""

    def __init__(self, stage: Stage, dtype: torch.dtype) -> None:
        super().__init__()
        dim = len(stage.folded_fusion_weight(torch.zeros(1)))
        fusion = stage.folded_fusion_weight(torch.zeros(1)).view(dim, len(EXPERTS), dim)
        self.register_buffer("matrices", fusion.permute(1, 2, 0).clone())
        self.matrices: Tensor
        self._stage = copy.deepcopy(stage)
        self._stage._ops[-1] = _BorderAwareAverage(dim)
        self._stage.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Refine a rectified map [B, dim, H, W] with weights of the experts [B, 8]."""
        mixed = (self.matrices * weights[:, :, None, None]).to(x.dtype)
        first, *others = (_pixels_as_rows(found) for found in self._stage.features_before_heads(x))
        fused = torch.bmm(first, mixed[:, 0])
        for number, found in enumerate(others, start=1):
            fused.baddbmm_(found, mixed[:, number])
        fused.relu_().add_(_pixels_as_rows(x))
        return fused.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)


@torch.no_grad()
def fold_experts_in_place(module: nn.Module) -> None:
    """Exchange the stages of a network's mixtures of experts, for inference in float32.

    They compute the same but for rounding, and their weights are no longer those of a checkpoint.
    """
    for part in list(module.modules()):
        if isinstance(part, ExpertStages):
            part._ops = nn.ModuleList(_FoldedStage(stage, torch.float32) for stage in part.stages)


class _FoldedStages(nn.Module):
    """The four stages, one after the other."""

    def __init__(self, stages: list[Stage], dtype: torch.dtype) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_FoldedStage(stage, dtype) for stage in stages)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        for number, stage in enumerate(self.stages):
            x = stage(x, weights[:, number])
        return x


def _pixels_as_rows(x: Tensor) -> Tensor:
    """View a channels-last map [B, C, H, W] as [B, H * W, C]."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


class _FoldedProjectors(nn.Module):
    """Both projectors; their first convolutions are one."""

    def __init__(self, encoder: RainmerEncoder, dtype: torch.dtype) -> None:
        super().__init__()
        projectors = [copy.deepcopy(projector) for projector in encoder.projectors]
        firsts = [projector[0] for projector in projectors]
        dim, width = encoder.config.dim, encoder.config.base_dim
        self.first = nn.Conv2d(dim, len(firsts) * width, 3, padding=1)
        for name in ("weight", "bias"):
            joined = torch.cat([getattr(first, name) for first in firsts])
            getattr(self.first, name).data = joined
        self.blocks = nn.ModuleList(projector[2] for projector in projectors)
        self.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, location: Tensor) -> list[Tensor]:
        wide = F.leaky_relu(self.first(location), SLOPE).chunk(len(self.blocks), dim=1)
        return [
            global_mean(block(x.contiguous(memory_format=torch.channels_last)))
            for block, x in zip(self.blocks, wide, strict=True)
        ]


class FoldedEncoder(nn.Module):
    """Images to the unit vectors of both views, as `RainmerEncoder` gives them.

    Parameters
    ----------
    encoder
        The network; it is copied, not changed.
    dtype
        Of maps and convolutions: float32, float64, or bfloat16. Gates, means and norms stay in
        float32 at least.
    stages, projectors
        What runs the stages of the mixture and the projectors instead of torch's convolutions.

    Examples
    --------
    >>> import torch
    >>> folded = FoldedEncoder(RainmerEncoder())
    >>> folded(torch.rand(2, 3, 32, 40)).chromatic_z.shape
    torch.Size([2, 128])
    """

    def __init__(
        self,
        encoder: RainmerEncoder,
        *,
        dtype: torch.dtype = torch.float32,
        stages: Stages | None = None,
        projectors: Projectors | None = None,
    ) -> None:
        super().__init__()
        with torch.no_grad():
            mixture = encoder.MoEs
            weight, bias = (part.detach() for part in encoder.conv.proj.parameters())
            point = next(mixture.expert_stages.preprocess.parameters()).flatten(1)
            entry = torch.einsum("oc,cihw->oihw", point, weight)
            self.register_buffer("entry", entry.to(dtype))
            self.register_buffer("entry_bias", (point @ bias).to(dtype))
            self.register_buffer("embedding", weight.clone())
            self.register_buffer("embedding_bias", bias.clone())
            self._stages = stages or _FoldedStages(mixture.expert_stages.stages, dtype)
            self._projectors = projectors or _FoldedProjectors(encoder, dtype)
        self.config = encoder.config
        self.gate = copy.deepcopy(mixture.gate)
        self.requires_grad_(False)
        self.entry: Tensor
        self.entry_bias: Tensor
        self.embedding: Tensor
        self.embedding_bias: Tensor

    def local_features(self, x: Tensor) -> Tensor:
        """Local knowledge of images [B, 3, H, W] in [0, 1]: [B, dim, H, W]."""
        with without_autocast(x):
            weights = self.gate.weigh(self._patch_embedding_mean(x))
        placed = x.to(self.entry.dtype).contiguous(memory_format=torch.channels_last)
        found = F.conv2d(placed, self.entry, self.entry_bias, padding=1).relu_()
        return self._stages(found.contiguous(memory_format=torch.channels_last), weights)

    def forward(self, x: Tensor) -> FoldedOutput:
        """Encode images [B, 3, H, W], RGB in [0, 1], H and W at least 8.

        Raises
        ------
        ParameterError
            If `x` has another shape or a side under 8 pixels.
        """
        if x.ndim != 4 or x.shape[1] != 3 or min(x.shape[-2:]) < MIN_SIDE:
            msg = (
                f"The encoder was given a tensor of shape {list(x.shape)}; give images as "
                f"[B, 3, H, W] whose sides have at least {MIN_SIDE} pixels."
            )
            raise ParameterError(msg)
        chromatic, degradation = self._projectors(self.local_features(x))
        return FoldedOutput(normalise_rows(chromatic), normalise_rows(degradation))

    def _patch_embedding_mean(self, x: Tensor) -> Tensor:
        """Return the mean of the patch embedding, [B, dim]."""
        windows = mean_3x3_neighbourhood(x.to(self.embedding.dtype)).flatten(1)
        return F.linear(windows, self.embedding.flatten(1), self.embedding_bias)
