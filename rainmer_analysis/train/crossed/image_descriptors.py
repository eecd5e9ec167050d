"""What weather did to an image, and what light it is in, in a few numbers.

The published recipe tells degradations apart by singular values of the residual. These numbers
serve the same purpose, and say what they mean: how much light was added or taken at which scale,
how much contrast of the scene is left at each scale, and whether the change runs along one
direction. The light is described by the distribution of colours, wherever they are.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.errors import ParameterError

__all__ = ["DESCRIPTOR", "LIGHT", "OCTAVES", "describe_degradation", "describe_light"]

_SCALES = 4
_FLOOR = 1e-4  # variance of a scale below which its contrast says nothing
_GRADIENT_FLOOR = 2e-3  # half a level of 8 bits

DESCRIPTOR: tuple[str, ...] = (
    *(f"residual_{2**k}" for k in range(_SCALES)),
    "residual_coarse",
    "mean_residual",
    "contrast_1",
    "contrast_2",
    "contrast_4",
    "anisotropy",
    "darkening",
    "brightening",
)

OCTAVES = range(_SCALES)  # where the residual's standard deviations stand

Image = NDArray[np.float32]


def describe_degradation(degraded: Image, clean: Image) -> NDArray[np.float32]:
    """Describe what distinguishes a degraded image from its clean partner.

    Parameters
    ----------
    degraded, clean
        RGB images [3, H, W] in [0, 1] of one shape, sides divisible by 16.

    Returns
    -------
    float32 [12], in the order of `DESCRIPTOR`, of the grey residual (degraded minus clean): its
    standard deviation in four octaves of scale from one pixel up, and its mean absolute value at
    16 pixels; its mean; slope of the degraded on the clean image in the three finest octaves (1:
    contrast is as it was); logarithm of horizontal by vertical gradient; mean darkening and
    brightening.

    Raises
    ------
    ParameterError
        The shapes differ, or a side is not divisible by 16.
    """
    if degraded.shape != clean.shape or degraded.ndim != 3 or any(n % 16 for n in clean.shape[1:]):
        raise ParameterError(
            f"a degradation is described on two images of one shape [3, H, W] with sides "
            f"divisible by 16, but they have {degraded.shape} and {clean.shape}"
        )
    grey, scene = degraded.mean(axis=0), clean.mean(axis=0)
    residual = grey - scene
    octaves, coarse = _difference_pyramid(residual)
    contrast = [
        float((a * b).mean() / ((b * b).mean() + _FLOOR))
        for a, b in zip(
            _difference_pyramid(grey)[0][:3], _difference_pyramid(scene)[0][:3], strict=True
        )
    ]
    across, down = (float(np.abs(np.diff(residual, axis=axis)).mean()) for axis in (1, 0))
    numbers = [
        *(octave.std() for octave in octaves),
        np.abs(coarse).mean(),
        residual.mean(),
        *contrast,
        np.log((across + _GRADIENT_FLOOR) / (down + _GRADIENT_FLOOR)),
        np.maximum(-residual, 0).mean(),
        np.maximum(residual, 0).mean(),
    ]
    return np.array(numbers, dtype=np.float32)


def _difference_pyramid(
    image: NDArray[np.float32],
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Split [H, W] into differences of successive 2 x 2 means, and what is left of it."""
    octaves = []
    for _ in range(_SCALES):
        rows, columns = image.shape
        half = image.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        octaves.append(image - half.repeat(2, axis=0).repeat(2, axis=1))
        image = half
    return octaves, image


_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

LIGHT: tuple[str, ...] = tuple(
    f"{channel}_{round(100 * level)}"
    for channel in ("red", "green", "blue", "red_green", "yellow_blue")
    for level in _LEVELS
)


def describe_light(images: Tensor) -> Tensor:
    """Describe the distribution of an image's colours.

    Parameters
    ----------
    images
        RGB, [n, 3, h, w] in [0, 1].

    Returns
    -------
    [n, 25], in the order of `LIGHT`: quantiles of the square roots of the three channels and of
    the two opponent colours, red minus green and their mean minus blue. The Euclidean distance of
    two rows is, up to the few quantiles, the root of the summed squares of the Wasserstein-2
    distances of the five distributions.
    """
    red, green, blue = images.flatten(2).unbind(dim=1)
    channels = torch.stack(
        [red.sqrt(), green.sqrt(), blue.sqrt(), red - green, (red + green) / 2 - blue], dim=1
    )
    levels = torch.tensor(_LEVELS, dtype=images.dtype, device=images.device)
    quantiles = torch.quantile(channels, levels, dim=2)  # [levels, n, 5]
    return quantiles.permute(1, 2, 0).flatten(1) / math.sqrt(len(_LEVELS))
