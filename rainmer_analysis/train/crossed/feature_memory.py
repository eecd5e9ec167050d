"""What a run remembers of the images of its last batches, to compare many more than one holds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FeatureMemory"]


class FeatureMemory(nn.Module):
    """First in, first out (as in Wang et al., CVPR 2020); a part of the checkpoint.

    Parameters
    ----------
    size
        Images remembered; 0 remembers none.
    widths
        Name of each remembered quantity to its length.
    """

    filled: Tensor

    def __init__(self, size: int, widths: dict[str, int]) -> None:
        super().__init__()
        self.size, self._names = size, tuple(widths)
        for name, width in widths.items():
            self.register_buffer(name, torch.zeros(size, width))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def recall(self) -> dict[str, Tensor]:
        """Return what is remembered, [m, width] each, the latest first."""
        # From a copy: the backward pass needs it as it was.
        count = int(self.filled)
        return {name: self.get_buffer(name)[:count].clone() for name in self._names}

    @torch.no_grad()
    def store(self, items: dict[str, Tensor]) -> None:
        """Remember the rows of a batch, [n, width] each, in place of the oldest."""
        count = len(next(iter(items.values())))
        for name, rows in items.items():
            buffer = self.get_buffer(name)
            buffer.copy_(torch.cat([rows.to(buffer.dtype), buffer])[: self.size])
        self.filled.copy_((self.filled + count).clamp_max(self.size))
