"""The mixture of the encoder that makes a restorer's prompts, in the restorer's compiled loops."""

from __future__ import annotations

import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.restorer.band_threads import BandThreads, WorkspaceCache
from rainmer_analysis.infer.kernels.restorer.banded_expert_stages import BandedExpertStages
from rainmer_analysis.infer.kernels.restorer.hcw_map import HcwMap
from rainmer_analysis.model.experts import Stage

__all__ = ["PromptEncoderStages"]


class PromptEncoderStages:
    """The stages of an encoder's mixture, as `FoldedEncoder` takes them.

    Parameters
    ----------
    stages
        As `ExpertStages` holds them.
    """

    def __init__(self, stages: list[Stage]) -> None:
        self._stages = BandedExpertStages(stages)

    def __call__(self, x: Tensor, weights: Tensor) -> Tensor:
        """Refine rectified maps [B, dim, H, W] with weights of the experts [B, 4, 8]."""
        found = torch.empty_like(x)
        channels, size = x.shape[1], (x.shape[2], x.shape[3])
        for image, gate, out in zip(x, weights, found, strict=True):
            maps = HcwMap.zeros(channels, size), HcwMap.zeros(channels, size)
            maps[0].pixels[:] = image.numpy()
            out.numpy()[:] = self._stages(maps, gate, BandThreads(1), WorkspaceCache()).pixels
        return found
