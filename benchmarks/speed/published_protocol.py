"""The encoder's network as the published code runs it: every layer by itself."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.model.experts import Stage

__all__ = ["PublishedStage", "as_published"]


class PublishedStage(nn.Module):
    """A stage of the mixture, layer by layer: every expert whole, weighed, joined, fused."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Refine a map [1, dim, H, W] with weights of the experts [1, 8]."""
        experts = enumerate(self.stage.experts)
        answers = [op(x) * weights[:, j, None, None, None] for j, op in experts]
        return F.relu(self.stage._out(torch.cat(answers, dim=1)) + x)


def as_published(module: RainmerEncoder) -> RainmerEncoder:
    """Exchange the stages of an encoder for those that run layer by layer."""
    stages = module.MoEs.layers[1]._ops
    for number, stage in enumerate(stages):
        stages[number] = PublishedStage(stage)
    return module
