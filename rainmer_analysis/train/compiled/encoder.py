"""The encoder's outputs with their gradients: compiled loops where they apply, modules elsewhere."""

from __future__ import annotations

import numba
import torch
from torch import Tensor

from rainmer_analysis.model.encoder import MIN_SIDE, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.pooling import block_mean, global_mean, unit
from rainmer_analysis.train.compiled.mixture import location

__all__ = ["encode", "is_compilable", "local_knowledge"]

_PIXELS = 4 * 64 * 64  # at once through the projectors, so that temporaries stay in the cache


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
    chunk = max(1, _PIXELS // (images.shape[2] * images.shape[3]))
    rows = [_pooled(encoder, part) for part in found.split(chunk)]
    chromatic, degradation, detail = (torch.cat(part) for part in zip(*rows, strict=True))
    return EncoderOutput(
        location=found,
        chromatic_z=unit(chromatic),
        chromatic_p=chromatic,
        degradation_z=unit(degradation),
        degradation_p=degradation,
        detail_map=detail,
    )


def _pooled(encoder: RainmerEncoder, part: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    placed = part.contiguous(memory_format=torch.channels_last)
    features = encoder.degradation_features(placed)
    chromatic = global_mean(encoder.chromatic_features(placed))
    return chromatic, global_mean(features), block_mean(features)
