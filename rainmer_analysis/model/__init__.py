"""The networks, in torch alone: Rainmer's encoder, AirNet's encoder, their checkpoints.

A room that knows neither image files nor figures. Module attributes follow the published
key schema, so that a published state dict loads without renaming; what is published under
another wrapping is brought into that form by ``layouts`` and nowhere else.
"""

from __future__ import annotations

from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder, AirNetOutput
from rainmer_analysis.model.checkpoint import (
    Checkpoint,
    build,
    load_weights,
    save_weights,
    state_sha256,
)
from rainmer_analysis.model.describe import Block, describe_encoder
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.pooling import block_mean, global_mean, unit

__all__ = [
    "WIDTHS",
    "AirNetConfig",
    "AirNetEncoder",
    "AirNetOutput",
    "Block",
    "Checkpoint",
    "EncoderConfig",
    "EncoderOutput",
    "RainmerEncoder",
    "block_mean",
    "build",
    "describe_encoder",
    "global_mean",
    "load_weights",
    "save_weights",
    "state_sha256",
    "unit",
]
