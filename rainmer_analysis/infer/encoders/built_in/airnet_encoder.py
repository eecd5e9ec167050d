"""AirNet's encoder: the representation of its contrastive head, and the features before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.infer.encoders.network_encoder import NetworkDescriptor
from rainmer_analysis.infer.kernels import WinogradAirNet
from rainmer_analysis.model import (
    AirNetEncoder,
    AirNetOutput,
    AirNetViews,
    normalise_rows,
    with_folded_batch_norms,
)

__all__ = ["AIRNET"]


def _airnet_views(output: AirNetOutput | AirNetViews) -> dict[str, Tensor]:
    return {
        "degradation": normalise_rows(output.out),
        "degradation-fea": normalise_rows(output.fea),
    }


def _fold_for_torch(module: AirNetEncoder, _: torch.dtype) -> nn.Module:
    return with_folded_batch_norms(module)


AIRNET = NetworkDescriptor("airnet", _airnet_views, _fold_for_torch, WinogradAirNet)
