"""How images of a view are varied: light, added rain, mirrors and blur.

What is random is drawn by the caller, or from a generator that the caller owns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "BLUR_SIDE",
    "Flip",
    "add_rain_residual",
    "flip_images",
    "gaussian_blur",
    "gaussian_kernels",
    "match_mean_colours",
]

BLUR_SIDE = 11
_DARK = 1e-5


def match_mean_colours(images: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Scale images to other mean colours.

    Parameters
    ----------
    images
        [b, 3, H, W] in [0, 1].
    own
        Their mean colours, [b, 3].
    wanted
        Mean colours to bring them to, [b, n, 3].

    Returns
    -------
    [b, n, 3, H, W], clamped to [0, 1].
    """
    gain = (_DARK + wanted) / (_DARK + own[:, None])
    return (images[:, None] * gain[..., None, None]).clamp(0, 1)


def add_rain_residual(clean: Tensor, residual: Tensor) -> Tensor:
    """Put other images' weather on clean ones: [b, 3, H, W] and [b, n, 3, H, W] to the latter."""
    return (clean[:, None] + residual).clamp(0, 1)


@dataclass(frozen=True)
class Flip:
    """Mirrors a whole batch, or does not: left-right, and upside down."""

    across: bool
    upside: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Flip:
        """Draw both with probability 1/2; two numbers are taken, whatever comes out."""
        across, upside = (bool(draw < 0.5) for draw in rng.random(2))
        return cls(across, upside)

    def __call__(self, images: Tensor) -> Tensor:
        """Mirror images [..., H, W]."""
        axes = [axis for axis, turned in ((-1, self.across), (-2, self.upside)) if turned]
        return images.flip(axes) if axes else images


def flip_images(images: Tensor, turned: Tensor) -> Tensor:
    """Mirror each image of a batch [B, C, H, W] by its own two truths [B, 2]: across, upside."""
    across = turned[:, 0, None, None, None]
    upside = turned[:, 1, None, None, None]
    images = torch.where(across, images.flip(-1), images)
    return torch.where(upside, images.flip(-2), images)


def gaussian_kernels(sigmas: Tensor) -> Tensor:
    """Weights of sampled gaussians over `BLUR_SIDE` pixels: [n] widths in pixels to [n, side]."""
    offsets = torch.arange(BLUR_SIDE, device=sigmas.device) - BLUR_SIDE // 2
    weights = torch.exp(-(offsets**2) / (2 * sigmas[:, None] ** 2))
    return weights / weights.sum(dim=1, keepdim=True)


def gaussian_blur(images: Tensor, sigmas: Tensor) -> Tensor:
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
    kernel = gaussian_kernels(sigmas).repeat_interleave(channels, dim=0)
    half = BLUR_SIDE // 2
    flat = images.reshape(1, count * channels, height, width)
    flat = F.pad(flat, (half, half, half, half), mode="reflect")
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=count * channels)
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=count * channels)
    return flat.reshape(images.shape).mul(255).round().clamp(0, 255) / 255
