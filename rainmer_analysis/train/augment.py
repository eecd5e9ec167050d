"""Flips and blurs of image batches, drawn from a generator that the caller owns."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["BLUR_SIDE", "blur", "flip", "flip_each", "gaussian_kernel"]

BLUR_SIDE = 11


def flip(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirror a whole batch at random: one draw per axis for all images.

    Parameters
    ----------
    images
        Any shape that ends in H, W.
    rng
        Two draws are taken, whatever comes out.

    Returns
    -------
    The images, mirrored left-right with probability 1/2 and upside down with 1/2.
    """
    axes = [axis for axis, draw in zip((-1, -2), rng.random(2), strict=True) if draw < 0.5]
    return images.flip(axes) if axes else images


def flip_each(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirror each image of a batch [B, C, H, W] by its own two draws."""
    draws = torch.from_numpy(rng.random((len(images), 2)) < 0.5).to(images.device)
    across = draws[:, 0, None, None, None]
    upside = draws[:, 1, None, None, None]
    images = torch.where(across, images.flip(-1), images)
    return torch.where(upside, images.flip(-2), images)


def gaussian_kernel(sigmas: Tensor) -> Tensor:
    """Weights of sampled gaussians over `BLUR_SIDE` pixels: [n] widths in pixels to [n, side]."""
    offsets = torch.arange(BLUR_SIDE, device=sigmas.device) - BLUR_SIDE // 2
    weights = torch.exp(-(offsets**2) / (2 * sigmas[:, None] ** 2))
    return weights / weights.sum(dim=1, keepdim=True)


def blur(images: Tensor, sigmas: Tensor) -> Tensor:
    """Blur each image by its own gaussian, on 8-bit levels as the published training does.

    Parameters
    ----------
    images
        [B, C, H, W] in [0, 1], sides of at least 6 pixels.
    sigmas
        Standard deviations in pixels, [B].

    Returns
    -------
    [B, C, H, W] in [0, 1], rounded to multiples of 1/255; borders are mirrored.
    """
    count, channels, height, width = images.shape
    kernel = gaussian_kernel(sigmas).repeat_interleave(channels, dim=0)
    half = BLUR_SIDE // 2
    flat = images.reshape(1, count * channels, height, width)
    flat = F.pad(flat, (half, half, half, half), mode="reflect")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=count * channels)
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=count * channels)
    return flat.reshape(images.shape).mul(255).round().clamp(0, 255) / 255
