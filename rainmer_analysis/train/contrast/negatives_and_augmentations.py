"""Archive statistics, the hard negatives chosen by them, and how images are varied.

Two statistics describe an image among those seen lately: the mean colour of the degraded image,
and the singular values of its residual (degraded minus clean). A query's negatives take what
the archived images with the most different statistics have: their light, or their degradation
(published code).
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
    "farthest_in_archive",
    "flip_images",
    "gaussian_blur",
    "gaussian_kernels",
    "match_mean_colours",
    "mean_colours",
    "rain_residuals",
    "singular_values",
]

BLUR_SIDE = 11
_DARK = 1e-5
_SVD_SIDE = 32


def mean_colours(images: Tensor) -> Tensor:
    """Average each channel: [n, 3, H, W] in [0, 1] to [n, 3]."""
    return images.mean(dim=(2, 3))


def rain_residuals(degraded: Tensor, clean: Tensor) -> Tensor:
    """Return what the weather added, clamp(degraded - clean, 0, 1): [n, 3, H, W]."""
    return (degraded - clean).clamp(0, 1)


def singular_values(residual: Tensor) -> Tensor:
    """Describe residuals by their singular values at a reduced size.

    Parameters
    ----------
    residual
        [n, 3, H, W] in [0, 1].

    Returns
    -------
    [n, 3, 32], per channel in falling order, of the residual reduced to 32 x 32 by taking the
    nearest pixel up and left of each cell's corner.
    """
    height, width = residual.shape[-2:]
    rows = torch.arange(_SVD_SIDE, device=residual.device) * height // _SVD_SIDE
    columns = torch.arange(_SVD_SIDE, device=residual.device) * width // _SVD_SIDE
    small = residual[:, :, rows][:, :, :, columns]
    values: Tensor = torch.linalg.svdvals(small)
    return values


def farthest_in_archive(queries: Tensor, archive: Tensor, count: int) -> Tensor:
    """Find the archived statistics that differ most from each query's.

    Parameters
    ----------
    queries, archive
        Statistics, [b, ...] and [m, ...] with equal trailing shapes.
    count
        How many to choose, at most m.

    Returns
    -------
    Indices into the archive, [b, count], by falling sum of absolute differences.
    """
    distance = torch.cdist(queries.flatten(1), archive.flatten(1), p=1)
    return distance.topk(count, dim=1).indices


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
