"""The light of an image in a few numbers: the distribution of its colours, wherever they are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["LIGHT", "describe_light"]

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
