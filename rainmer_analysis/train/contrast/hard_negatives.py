"""Archive statistics, and the hard negatives chosen by them.

Two statistics describe an image among those seen lately: the mean colour of the degraded image,
and the singular values of its residual (degraded minus clean). A query's negatives take what
the archived images with the most different statistics have: their light, or their degradation
(published code).
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["farthest_in_archive", "mean_colours", "rain_residuals", "singular_values"]

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
