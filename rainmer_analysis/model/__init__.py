"""The networks, in torch alone: Rainmer's encoder and restorer, AirNet's encoder, checkpoints.

A room that knows neither image files nor figures. Module attributes follow the published
key schema, so that a published state dict loads without renaming; what is published under
another wrapping is brought into that form by ``layouts`` and nowhere else.
"""

from __future__ import annotations

from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder, AirNetOutput
from rainmer_analysis.model.checkpoint import (
    Checkpoint,
    build_encoder,
    load_weights,
    save_weights,
    state_sha256,
)
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.encoder_description import Block, describe_encoder
from rainmer_analysis.model.pooling import block_mean, global_mean, normalise_rows
from rainmer_analysis.model.restorer import VARIANTS, Prompts, Restorer, RestorerConfig
from rainmer_analysis.model.restorer.weights import (
    RestorerCheckpoint,
    build_restorer,
    load_restorer,
)

__all__ = [
    "VARIANTS",
    "WIDTHS",
    "AirNetConfig",
    "AirNetEncoder",
    "AirNetOutput",
    "Block",
    "Checkpoint",
    "EncoderConfig",
    "EncoderOutput",
    "Prompts",
    "RainmerEncoder",
    "Restorer",
    "RestorerCheckpoint",
    "RestorerConfig",
    "block_mean",
    "build_encoder",
    "build_restorer",
    "describe_encoder",
    "global_mean",
    "load_restorer",
    "load_weights",
    "normalise_rows",
    "save_weights",
    "state_sha256",
]
