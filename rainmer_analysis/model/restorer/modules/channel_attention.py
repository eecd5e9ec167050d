"""Attention between channels that keeps the strongest, four times over.

Channels attend to channels, so the matrix is [heads, c, c] whatever the image's size. Rates act
one after the other: the second ranks the first's softmax, not the logits. That is the published
code of Rainmer, and not DRSformer, which ranks the same logits four times.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainmer_analysis.model.pooling_and_precision import to_float32, without_autocast
from rainmer_analysis.model.restorer.config import RestorerConfig
from rainmer_analysis.model.restorer.modules.channel_selection import SELECTIONS, Selection

__all__ = ["RATES", "ChannelAttention", "kept_channels_by_rate", "sparse_attention"]

# Shares of a row that are kept, as exact fractions.
RATES: tuple[tuple[int, int], ...] = ((1, 2), (2, 3), (3, 4), (4, 5))

_SHARE = 0.2
_EPS = 1e-12


def kept_channels_by_rate(channels: int) -> tuple[int, ...]:
    """Count the places kept by each rate.

    Examples
    --------
    >>> kept_channels_by_rate(48)
    (24, 32, 36, 38)
    """
    return tuple(channels * over // under for over, under in RATES)


def sparse_attention(logits: Tensor, shares: Tensor, *, select: Selection) -> Tensor:
    """Mask and normalise attention rate after rate, and mix the four results.

    Parameters
    ----------
    logits
        [B, heads, c, c].
    shares
        Weight of each rate's result, [4].
    select
        Which places of a row are kept.

    Returns
    -------
    Mixed attention, [B, heads, c, c]: the four products with the values are linear, so mixing
    the attentions first is the same sum with one product instead of four.
    """
    attention = logits
    mixed = torch.zeros_like(logits)
    for share, k in zip(shares, kept_channels_by_rate(logits.shape[-1]), strict=True):
        places = select(attention.detach(), k)
        dropped = torch.ones_like(attention, dtype=torch.bool).scatter_(-1, places, False)
        attention = attention.masked_fill(dropped, float("-inf")).softmax(dim=-1)
        mixed = mixed + share * attention
    return mixed


class ChannelAttention(nn.Module):
    """Transposed self-attention of C channels, sparse by rank.

    Parameters
    ----------
    channels
        C, a multiple of `heads`.
    heads
        Groups of channels that attend among themselves.
    config
        Biases and the rule for ties.
    """

    def __init__(self, channels: int, heads: int, *, config: RestorerConfig) -> None:
        super().__init__()
        self.select = SELECTIONS[config.ties]
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.attns = nn.Parameter(torch.full((len(RATES),), _SHARE))
        wide, bias = 3 * channels, config.bias
        self.qkv = nn.Conv2d(channels, wide, 1, bias=bias)
        self.qkv_dwconv = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=bias)
        self.project_out = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the channels of a map, [B, C, H, W], keeping its shape."""
        heads = len(self.temperature)
        query, key, value = (
            part.reshape(len(x), heads, x.shape[1] // heads, -1)
            for part in self.qkv_dwconv(self.qkv(x)).chunk(3, dim=1)
        )
        with without_autocast(x):
            logits = _row_cosines(query, key) * self.temperature
            mixed = sparse_attention(logits, self.attns, select=self.select)
        y = (mixed.to(value.dtype) @ value).reshape(x.shape)
        out: Tensor = self.project_out(y)
        return out


def _row_cosines(query: Tensor, key: Tensor) -> Tensor:
    """Cosines of rows, [B, heads, c, c], of two [B, heads, c, positions].

    Norms divide the small product rather than the large factors: the same quotient without two
    normalised copies of the map.
    """
    query, key = to_float32(query), to_float32(key)
    lengths = [t.norm(dim=-1, keepdim=True).clamp_min(_EPS) for t in (query, key)]
    out: Tensor = (query @ key.mT) / (lengths[0] * lengths[1].mT)
    return out
