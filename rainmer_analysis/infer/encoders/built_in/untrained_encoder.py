"""Rainmer's encoder with random weights: the control that every finding must beat."""

from __future__ import annotations

from pathlib import Path

import torch

from rainmer_analysis.infer.encoders.built_in.rainmer_encoder import RAINMER
from rainmer_analysis.infer.encoders.encoder_contract import (
    parse_untrained_seed,
    refuse_encoder_weights,
)
from rainmer_analysis.infer.encoders.network_encoder import NetworkEncoder, build_network_encoder
from rainmer_analysis.infer.execution import arithmetic_context
from rainmer_analysis.model import RainmerEncoder, state_sha256

__all__ = ["make_untrained_encoder"]


def make_untrained_encoder(
    argument: str, weights: str | Path | None, *, device: str, precision: str
) -> NetworkEncoder:
    """Return the encoder with PyTorch's default initialisation after ``manual_seed(argument)``.

    The process-wide random state is left as it was.

    Raises
    ------
    ParameterError
        `argument` is no seed.
    """
    refuse_encoder_weights("untrained:SEED", weights)
    seed = parse_untrained_seed(argument)
    cpu = torch.device("cpu")
    with arithmetic_context(cpu, "exact"), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = RainmerEncoder()
    sha256 = state_sha256(module.state_dict())
    return build_network_encoder(RAINMER, module, (f"untrained:{seed}", sha256, device, precision))
