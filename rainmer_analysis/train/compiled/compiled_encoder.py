"""The encoder's outputs with gradients: compiled loops where they apply, modules elsewhere."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from rainmer_analysis.kernels.kernel_switch import kernels_wanted
from rainmer_analysis.model.encoder import MIN_SIDE, EncoderOutput, RainmerEncoder
from rainmer_analysis.model.pooling_and_precision import block_mean, global_mean, normalise_rows
from rainmer_analysis.train.compiled.mixture_gradients import compiled_local_features
from rainmer_analysis.train.compiled.projector_gradients import compiled_projections

__all__ = [
    "encode_one_view",
    "encode_with_gradients",
    "is_compilable",
    "local_features",
    "to_channels_last",
]


def to_channels_last(images: Tensor) -> Tensor:
    """Return images [B, C, H, W] with channels last in memory, as modules are quickest with."""
    return images.contiguous(memory_format=torch.channels_last)


def is_compilable(encoder: RainmerEncoder, images: Tensor) -> bool:
    """Return whether the compiled loops compute an encoder's outputs for images.

    They do on a CPU in float32, for images that need no gradient, unless numba or the kernels are
    switched off (see `kernels_wanted`).
    Under bfloat16 autocast they stay in float32.
    """
    weight = encoder.conv.proj.weight
    return (
        kernels_wanted()
        and images.device.type == weight.device.type == "cpu"
        and images.dtype == weight.dtype == torch.float32
        and not images.requires_grad
        and images.ndim == 4
        and images.shape[1] == 3
        and min(images.shape[-2:]) >= MIN_SIDE
    )


def local_features(encoder: RainmerEncoder, images: Tensor) -> Tensor:
    """Compute ``encoder.local_features(images)``, in compiled loops where they apply."""
    if is_compilable(encoder, images):
        return compiled_local_features(encoder, images)
    return encoder.local_features(to_channels_last(images))


def encode_with_gradients(encoder: RainmerEncoder, images: Tensor) -> EncoderOutput:
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
        output: EncoderOutput = encoder(to_channels_last(images))
        return output
    local = compiled_local_features(encoder, images)
    pooled, detail = compiled_projections(encoder.projectors, local)
    chromatic, degradation = pooled.unbind(1)
    return EncoderOutput(
        location=local,
        chromatic_z=normalise_rows(chromatic),
        chromatic_p=chromatic,
        degradation_z=normalise_rows(degradation),
        degradation_p=degradation,
        detail_map=detail[:, 1],
    )


def encode_one_view(
    encoder: RainmerEncoder, images: Tensor, view: Literal["chromatic", "degradation", "detail"]
) -> Tensor:
    """Compute one view of images, which takes one projector of two.

    Returns
    -------
    Features before normalisation: [B, base_dim], or [B, base_dim, H // 8, W // 8] of ``detail``.
    """
    local = local_features(encoder, images)
    if is_compilable(encoder, images):
        projector = encoder.projectors[view != "chromatic"]
        pooled, detail = compiled_projections([projector], local)
        return (detail if view == "detail" else pooled)[:, 0]
    if view == "chromatic":
        return global_mean(encoder.chromatic_features(local))
    features = encoder.degradation_features(local)
    return block_mean(features) if view == "detail" else global_mean(features)
