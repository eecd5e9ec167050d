"""Rainmer's encoder: chromatic and degradation representations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.infer.encoders.network_encoder import NetworkDescriptor
from rainmer_analysis.infer.kernels import StripExpertStages, WinogradProjectors
from rainmer_analysis.model import FoldedEncoder, FoldedOutput, RainmerEncoder

__all__ = ["RAINMER"]


def _rainmer_views(output: FoldedOutput) -> dict[str, Tensor]:
    return {"chromatic": output.chromatic_z, "degradation": output.degradation_z}


def _fold_for_torch(module: RainmerEncoder, dtype: torch.dtype) -> nn.Module:
    return FoldedEncoder(module, dtype=dtype)


def _fold_for_kernels(module: RainmerEncoder, dtype: torch.dtype) -> nn.Module:
    stages = StripExpertStages(module.MoEs.expert_stages, dtype)
    projectors = WinogradProjectors(module.projectors, dtype)
    return FoldedEncoder(module, dtype=dtype, stages=stages, projectors=projectors)


RAINMER = NetworkDescriptor("rainmer", _rainmer_views, _fold_for_torch, _fold_for_kernels)
