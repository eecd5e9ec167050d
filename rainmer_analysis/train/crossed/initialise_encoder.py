"""An initialisation in which embeddings are centred and of unit scale.

PyTorch's default lets activations shrink from layer to layer, and a projector ends in a leaky
rectifier and a mean over pixels: the vectors of a fresh network lie in one narrow cone, with
cosines of 0.98, and the first steps move them all together. Scales and shifts found on training
images (as in Mishkin and Matas, ICLR 2016) let training start from spread vectors. Experts keep
their default weights.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.encoder import SLOPE, RainmerEncoder

__all__ = ["initialise_from_images"]

_GATES = 0.1  # of their default weights, so that excitations start near a half
_REPEATS = 4  # gates follow what they are given, so that once is not enough
_ROUNDS = 40  # of bisection
_REACH = 16.0  # standard deviations in which a shift is looked for


@torch.no_grad()
def initialise_from_images(encoder: RainmerEncoder, images: Tensor) -> None:
    """Rescale and shift an encoder's layers in place.

    Afterwards, over these images, the local knowledge has a root mean square of 1, each
    projector's convolutions have a standard deviation of 1, and each pooled channel has mean 0.

    Parameters
    ----------
    encoder
        With random weights.
    images
        [n, 3, H, W] in [0, 1].
    """
    for _ in range(_REPEATS):
        location = encoder.local_features(images)
        _scale_weights(encoder.conv.proj, 1.0 / max(float(location.square().mean().sqrt()), 1e-12))
    location = encoder.local_features(images)
    for projector in encoder.projectors:
        _initialise_projector(projector, location)


def _initialise_projector(projector: nn.Sequential, location: Tensor) -> None:
    entry, block = cast(nn.Conv2d, projector[0]), cast(Any, projector[2])
    for excite in (block.se1, block.se2):
        excite.se[3].weight *= _GATES  # else each shift moves all of them, and finds no end
    x = F.leaky_relu(_rescale_to_unit_output(entry, location), SLOPE)
    y = F.leaky_relu(block.se1(_rescale_to_unit_output(block.conv1, x)), SLOPE)
    residual = _rescale_to_unit_output(block.conv2, y)
    block.conv2.bias += _centring_shift(block.se2, residual, x)


def _rescale_to_unit_output(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Rescale a convolution so that its answer has a standard deviation of 1; return that."""
    out: Tensor = conv(x)
    factor = 1.0 / max(float(out.std()), 1e-12)
    _scale_weights(conv, factor)
    return out * factor


def _scale_weights(conv: nn.Conv2d, factor: float) -> None:
    conv.weight *= factor
    if conv.bias is not None:
        conv.bias *= factor


def _centring_shift(excite: Any, residual: Tensor, x: Tensor) -> Tensor:
    """Find the shift of each channel of the residual, [C], that makes its pooled mean vanish.

    With the excitation's gates as they are, the pooled mean rises with the shift, and bisection
    finds its root channel by channel; the gates follow the shifts, so it is repeated.
    """
    reach = _REACH * (residual.std(dim=(0, 2, 3)) + x.std(dim=(0, 2, 3)) + x.abs().mean())
    shift = torch.zeros_like(reach)
    for _ in range(_REPEATS):
        gates = excite.se(residual + shift[:, None, None])
        low, high = -reach, reach.clone()
        for _ in range(_ROUNDS):
            shift = (low + high) / 2
            pooled = F.leaky_relu(gates * (residual + shift[:, None, None]) + x, SLOPE)
            positive = pooled.mean(dim=(0, 2, 3)) > 0
            high = torch.where(positive, shift, high)
            low = torch.where(positive, low, shift)
    return shift
