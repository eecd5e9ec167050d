"""The mixture of the encoder that makes a restorer's prompts, in the restorer's compiled loops."""

from __future__ import annotations

import torch
from torch import Tensor

from rainmer_analysis.infer.kernels.restorer.band_threads import Threads
from rainmer_analysis.infer.kernels.restorer.expert_stages import PlanarExpertStages
from rainmer_analysis.infer.kernels.restorer.planar_map import Map, WorkspaceCache
from rainmer_analysis.model.experts import Stage

__all__ = ["EncoderStages"]


class EncoderStages:
    """The stages of an encoder's mixture, as `FoldedEncoder` takes them.

    Parameters
    ----------
    stages
        As `ExpertStages` holds them.
    """

    def __init__(self, stages: list[Stage]) -> None:
        self._stages = PlanarExpertStages(stages)

    def __call__(self, x: Tensor, weights: Tensor) -> Tensor:
        """Refine rectified maps [B, dim, H, W] with weights of the experts [B, 4, 8]."""
        found = torch.empty_like(x)
        channels, size = x.shape[1], (x.shape[2], x.shape[3])
        for image, gate, out in zip(x, weights, found, strict=True):
            maps = Map.of(channels, size), Map.of(channels, size)
            maps[0].pixels[:] = image.numpy()
            out.numpy()[:] = self._stages(maps, gate, Threads(1), WorkspaceCache()).pixels
        return found
