"""An initialisation in which every layer has unit scale and embeddings are centred.

With PyTorch's default, activations shrink from layer to layer: experts add next to nothing to what
a stage passes on, so that a fresh network hardly sees more than three pixels at once. A projector
ends in a leaky rectifier and a mean over pixels, so that its vectors lie in one narrow cone, with
cosines of 0.98. Scales and shifts found on training images (as in Mishkin and Matas, ICLR 2016)
let training start from experts that take part and vectors that are spread.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.encoder import SLOPE, RainmerEncoder
from rainmer_analysis.model.experts import Stage

__all__ = ["initialise_from_images"]

_SHARE = 0.5  # of a stage's input, in root mean square: what its experts add
_GATES = 0.1  # of their default weights, so that excitations start near a half
_REPEATS = 4  # excitations follow what they are given, so that one shift is not enough
_ROUNDS = 40  # of bisection
_REACH = 16.0  # standard deviations in which a shift is looked for


@torch.no_grad()
def initialise_from_images(encoder: RainmerEncoder, images: Tensor) -> None:
    """Rescale and shift an encoder's layers in place.

    Afterwards, over these images, the input of the first stage has a root mean square of 1, each
    expert's convolutions have a standard deviation of 1, each stage adds half of its input, each
    projector's convolutions have a standard deviation of 1, and each pooled channel has mean 0.

    Parameters
    ----------
    encoder
        With random weights.
    images
        [n, 3, H, W] in [0, 1].
    """
    mixture = encoder.MoEs
    embedding = _at_unit_scale(encoder.conv.proj, images)
    weights = mixture.gate(embedding)
    preprocess = cast(nn.Conv2d, mixture.stages.preprocess.op[0])
    x = F.relu(preprocess(embedding))
    factor = 1.0 / _rms(x)
    _scale(preprocess, factor)
    x = x * factor
    for place, stage in enumerate(mixture.stages.stages):
        x = _initialise_stage(stage, x, weights[:, place])
    for projector in encoder.projectors:
        _initialise_projector(projector, x)


def _initialise_stage(stage: Stage, x: Tensor, weights: Tensor) -> Tensor:
    """Rescale a stage's experts and its fusion; return what it makes of [B, dim, H, W]."""
    for expert in stage.experts:
        answer = x
        for layer in cast(Any, getattr(expert, "op", [])):
            conv = isinstance(layer, nn.Conv2d)
            answer = _at_unit_scale(cast(nn.Conv2d, layer), answer) if conv else layer(answer)
    added = stage(x, weights) - x
    fusion = cast(nn.Conv2d, stage._out[0])
    _scale(fusion, _SHARE * _rms(x) / _rms(added))
    out: Tensor = stage(x, weights)
    return out


def _initialise_projector(projector: nn.Sequential, location: Tensor) -> None:
    entry, block = cast(nn.Conv2d, projector[0]), cast(Any, projector[2])
    for excite in (block.se1, block.se2):
        excite.se[3].weight *= _GATES  # else each shift moves all of them, and finds no end
    x = F.leaky_relu(_at_unit_scale(entry, location), SLOPE)
    y = F.leaky_relu(block.se1(_at_unit_scale(block.conv1, x)), SLOPE)
    residual = _at_unit_scale(block.conv2, y)
    block.conv2.bias += _centring_shift(block.se2, residual, x)


def _at_unit_scale(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Rescale a convolution so that its answer has a standard deviation of 1; return that."""
    out: Tensor = conv(x)
    factor = 1.0 / max(float(out.std()), 1e-12)
    _scale(conv, factor)
    return out * factor


def _scale(conv: nn.Conv2d, factor: float) -> None:
    conv.weight *= factor
    if conv.bias is not None:
        conv.bias *= factor


def _rms(x: Tensor) -> float:
    return max(float(x.square().mean().sqrt()), 1e-12)


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
