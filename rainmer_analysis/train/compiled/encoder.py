"""The encoder's outputs with their gradients: compiled loops where they apply, modules elsewhere."""

from __future__ import annotations

import numba
import torch
from torch import Tensor

from rainmer_analysis.model.encoder import MIN_SIDE, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.pooling import unit
from rainmer_analysis.train.compiled.mixture import location
from rainmer_analysis.train.compiled.projectors import project

__all__ = ["encode", "is_compilable", "local_knowledge"]


def is_compilable(encoder: RainmerEncoder, images: Tensor) -> bool:
    """Return whether the compiled loops compute an encoder's outputs for images.

    They do on a CPU in float32, for images that need no gradient, unless numba is switched off.
    Under bfloat16 autocast they stay in float32.
    """
    weight = encoder.conv.proj.weight
    return (
        not numba.config.DISABLE_JIT
        and images.device.type == weight.device.type == "cpu"
        and images.dtype == weight.dtype == torch.float32
        and not images.requires_grad
        and images.ndim == 4
        and min(images.shape[-2:]) >= MIN_SIDE
    )


def local_knowledge(encoder: RainmerEncoder, images: Tensor) -> Tensor:
    """Compute ``encoder.location(images)``, in compiled loops where they apply."""
    if is_compilable(encoder, images):
        return location(encoder, images)
    return encoder.location(images.contiguous(memory_format=torch.channels_last))


def encode(encoder: RainmerEncoder, images: Tensor) -> EncoderOutput:
    """Compute ``encoder(images)`` with gradients for its parameters, as fast as this machine can.

    Parameters
    ----------
    encoder
        The network; nothing of it is changed.
    images
        [B, 3, H, W] in [0, 1], H and W at least 8.

    Returns
    -------
    All outputs, equal to those of the modules but for rounding.
    """
    if not is_compilable(encoder, images):
        return encoder(images.contiguous(memory_format=torch.channels_last))  # type: ignore[no-any-return]
    found = location(encoder, images)
    pooled, detail = project(encoder.projectors, found)
    chromatic, degradation = pooled[:, 0], pooled[:, 1]
    return EncoderOutput(
        location=found,
        chromatic_z=unit(chromatic),
        chromatic_p=chromatic,
        degradation_z=unit(degradation),
        degradation_p=degradation,
        detail_map=detail[:, 1],
    )
