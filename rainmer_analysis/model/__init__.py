"""The networks, in torch alone: Rainmer's encoder and restorer, AirNet's encoder, checkpoints.

A room that knows neither image files nor figures. Module attributes follow the published
key schema, so that a published state dict loads without renaming; what is published under
another wrapping is brought into that form by ``to_canonical_keys`` and nowhere else.
"""

from __future__ import annotations

from rainmer_analysis.model.airnet import (
    AirNetEncoder,
    AirNetOutput,
    AirNetViews,
    with_folded_batch_norms,
)
from rainmer_analysis.model.checkpoint import (
    Checkpoint,
    build_encoder,
    load_weights,
    save_weights,
    state_sha256,
)
from rainmer_analysis.model.encoder import WIDTHS, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.encoder_description import describe_encoder
from rainmer_analysis.model.experts import STAGES, Stage
from rainmer_analysis.model.folded_encoder import (
    FoldedEncoder,
    FoldedOutput,
    fold_experts_in_place,
    mean_3x3_neighbourhood,
)
from rainmer_analysis.model.pooling_and_precision import (
    autocast_context,
    normalise_rows,
    without_autocast,
)
from rainmer_analysis.model.restorer import MULTIPLE, VARIANTS, Prompts, Restorer, RestorerConfig
from rainmer_analysis.model.restorer.restorer_checkpoint import (
    build_restorer,
    load_restorer_checkpoint,
)

__all__ = [
    "MULTIPLE",
    "STAGES",
    "VARIANTS",
    "WIDTHS",
    "AirNetEncoder",
    "AirNetOutput",
    "AirNetViews",
    "Checkpoint",
    "EncoderOutput",
    "FoldedEncoder",
    "FoldedOutput",
    "Prompts",
    "RainmerEncoder",
    "Restorer",
    "RestorerConfig",
    "Stage",
    "autocast_context",
    "build_encoder",
    "build_restorer",
    "describe_encoder",
    "fold_experts_in_place",
    "load_restorer_checkpoint",
    "load_weights",
    "mean_3x3_neighbourhood",
    "normalise_rows",
    "save_weights",
    "state_sha256",
    "with_folded_batch_norms",
    "without_autocast",
]
