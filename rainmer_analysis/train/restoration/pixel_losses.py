"""Charbonnier and structural similarity, as the published training has them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.pooling_and_precision import without_autocast

__all__ = ["charbonnier_loss", "mean_ssim", "pixel_loss"]

_SOFTENING = 1e-6  # the square of the distance below which the loss is round
_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def charbonnier_loss(images: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of sqrt(d^2 + 1e-6) over all samples, a scalar; 0.001 for equal images."""
    _check_same_shape(images, targets)
    out: Tensor = ((images - targets).square() + _SOFTENING).sqrt().mean()
    return out


def mean_ssim(images: Tensor, targets: Tensor) -> Tensor:
    """Return the mean SSIM of images [B, C, H, W] in [0, 1], a scalar; 1 for equal images.

    On each channel by itself, with a gaussian window of 11x11 and sigma 1.5, biased covariances
    and zeros beyond the borders, which count: not the SSIM that results are reported in.
    Computed in float32 under autocast too, where half precision would lose the variances.
    """
    _check_same_shape(images, targets)
    with without_autocast(images):
        x, y = images.float(), targets.float()
        channels = x.shape[1]
        window = _gaussian_window(x).expand(channels, 1, _WINDOW, _WINDOW)
        moments = torch.cat([x, y, x * x, y * y, x * y], dim=1)
        blurred = F.conv2d(
            moments, window.repeat(5, 1, 1, 1), padding=_WINDOW // 2, groups=5 * channels
        )
        mx, my, xx, yy, xy = blurred.chunk(5, dim=1)
        both = mx * my
        squares = mx * mx + my * my
        means = (2 * both + _C1) / (squares + _C1)
        changes = (2 * (xy - both) + _C2) / (xx + yy - squares + _C2)
        out: Tensor = (means * changes).mean()
    return out


def pixel_loss(images: Tensor, targets: Tensor, *, weight: float = 0.1) -> Tensor:
    """Return the published loss of restoration: Charbonnier and `weight` times 1 - SSIM.

    Parameters
    ----------
    images, targets
        [B, C, H, W] in [0, 1]; images may lie outside.
    weight
        Weight of the similarity.

    Returns
    -------
    A scalar.

    Raises
    ------
    ParameterError
        The two have different shapes.
    """
    return charbonnier_loss(images, targets) + weight * (1 - mean_ssim(images, targets))


def _gaussian_window(like: Tensor) -> Tensor:
    places = torch.arange(_WINDOW, device=like.device, dtype=like.dtype) - _WINDOW // 2
    bell = torch.exp(-places.square() / (2 * _SIGMA**2))
    bell = bell / bell.sum()
    return bell[:, None] * bell


def _check_same_shape(images: Tensor, targets: Tensor) -> None:
    if images.ndim != 4 or images.shape != targets.shape:
        raise ParameterError(
            f"a loss was given images of shape {list(images.shape)} and targets of shape "
            f"{list(targets.shape)}; give equal shapes [B, C, H, W]"
        )
