"""Two encoders for rainmer-analysis, as another package would bring them."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from rainmer_analysis import ModuleEncoder, timm_encoder


def make_tiny(weights: str | Path | None = None, *, device: str, precision: str) -> ModuleEncoder:
    """Make a small network of this package; its weights are a seed."""
    torch.manual_seed(int(weights or 0))
    module = nn.Sequential(nn.Conv2d(3, 16, 5, stride=4), nn.ReLU(), nn.Conv2d(16, 8, 3))
    return ModuleEncoder(
        "toy-tiny", module, layer="1", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    )


def make_resnet(weights: str | Path | None = None, *, device: str, precision: str) -> ModuleEncoder:
    """Make a model of timm."""
    return timm_encoder("toy-resnet", "resnet10t", weights, device=device)
