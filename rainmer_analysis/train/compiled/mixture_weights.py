"""Weights of the mixture as the compiled loops take them, derived from the modules' parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.kernels.hcw_maps import Array
from rainmer_analysis.model import (
    STAGES,
    RainmerEncoder,
    Stage,
    mean_3x3_neighbourhood,
    without_autocast,
)

__all__ = ["FIRST_DEPTHWISE", "FUSED_MAPS", "SECOND_DEPTHWISE", "SEPARABLE", "MixtureWeights"]

# Side and dilation of the depthwise kernels: of the separable experts of sides 3, 5 and 7 (the one
# of side 1 has none), of the dilated experts, and of the average, whose weights are constant.
FIRST_DEPTHWISE = ((3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2), (3, 1))
SECOND_DEPTHWISE = FIRST_DEPTHWISE[:3]
SEPARABLE = len(SECOND_DEPTHWISE)
FUSED_MAPS = 8  # maps that the fusion takes: of the separable expert of side 1, and as above


class MixtureWeights(NamedTuple):
    """Weights of the first map and of the four stages.

    Parameters
    ----------
    entry
        [dim, 28]: of the pixels around, and the bias.
    firsts, seconds
        [4, ...]: depthwise kernels of either round.
    points
        [4, 4, dim, dim]: matrices of the separable experts between the rounds.
    fusion
        [4, dim, 8, dim]: with the experts' last layers in it.
    """

    entry: Tensor
    firsts: Tensor
    seconds: Tensor
    points: Tensor
    fusion: Tensor

    @classmethod
    def with_gate_weights(
        cls, encoder: RainmerEncoder, images: Tensor
    ) -> tuple[Tensor, MixtureWeights]:
        """Weigh the experts for images, [B, 4, 8], and multiply the mixture's linear parts out.

        This is done by torch, which therefore knows the gradients of all parameters.
        """
        conv, stages = encoder.conv.proj, encoder.MoEs.expert_stages
        with without_autocast(images):
            mean = F.linear(
                mean_3x3_neighbourhood(images).flatten(1), conv.weight.flatten(1), conv.bias
            )
            shares = encoder.MoEs.gate.weigh(mean)
            point = next(stages.preprocess.parameters()).flatten(1)
            taps = conv.weight.permute(0, 2, 3, 1).flatten(1)  # [dim, (row, column, colour)]
            entry = point @ torch.cat([taps, cast(Tensor, conv.bias)[:, None]], dim=1)
            found = zip(*(_stage_weights(stage) for stage in stages.stages), strict=True)
            return shares, cls(entry, *(torch.stack(part) for part in found))

    def stages_of_image(self, shares: Tensor) -> list[tuple[Array, ...]]:
        """Return each stage's weights, flat, for an image with these shares of the experts."""
        fusion = (self.fusion * shares[:, None, :, None]).flatten(1).numpy()
        parts = (
            self.first_kernels_and_average().numpy(),
            self.seconds.numpy(),
            self.points.flatten(1).numpy(),
        )
        return [(*(part[s] for part in parts), fusion[s]) for s in range(STAGES)]

    def first_kernels_and_average(self) -> Tensor:
        """Return the first round's kernels and the average's, of equal weights."""
        dim = len(self.entry)
        average = self.firsts.new_full((len(self.firsts), 9 * dim), 1 / 9)
        return torch.cat([self.firsts, average], dim=1)

    def mirrored_kernels(self) -> tuple[Tensor, Tensor]:
        """Return the kernels of either round, each turned by half a turn."""
        dim = len(self.entry)
        return _rotate_half_turn(
            self.first_kernels_and_average(), FIRST_DEPTHWISE, dim
        ), _rotate_half_turn(self.seconds, SECOND_DEPTHWISE, dim)


def _stage_weights(stage: Stage) -> tuple[Tensor, ...]:
    ops: list[Any] = [expert.op for expert in stage.experts[:-1]]
    separable = ops[: SEPARABLE + 1]
    firsts = torch.cat([op[0].weight.flatten() for op in ops[1:]])
    seconds = torch.cat([op[3].weight.flatten() for op in separable[1:]])
    scaled = ops[0][1].weight.flatten(1) * ops[0][0].weight.flatten(1).T
    points = torch.stack([scaled, *(op[1].weight.flatten(1) for op in separable[1:])])
    fusion = stage.folded_fusion_weight(firsts)
    return firsts, seconds, points, fusion.view(len(fusion), FUSED_MAPS, -1)


def _rotate_half_turn(kernels: Tensor, forms: Sequence[tuple[int, int]], dim: int) -> Tensor:
    parts = torch.split(kernels, [dim * side**2 for side, _ in forms], dim=1)
    turned = [part.view(len(part), dim, -1).flip(2).flatten(1) for part in parts]
    return torch.cat(turned, dim=1)
