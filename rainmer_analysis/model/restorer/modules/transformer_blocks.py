"""The restorer's blocks: plain ones on the way down, prompted ones on the way up."""

from __future__ import annotations

from torch import Tensor, nn

from rainmer_analysis.model.restorer.config import RestorerConfig
from rainmer_analysis.model.restorer.modules.basic_layers import FeedForward, Norm
from rainmer_analysis.model.restorer.modules.channel_attention import ChannelAttention
from rainmer_analysis.model.restorer.modules.local_fusion_and_prompts import PromptedModule

__all__ = ["PromptedBlock", "TransformerBlock", "build_prompted_block"]


class TransformerBlock(nn.Module):
    """Norm, channel attention, norm, feed-forward, each pair beside a shortcut.

    Parameters
    ----------
    channels, heads
        Of the level.
    config
        Of the restorer.
    """

    def __init__(self, channels: int, heads: int, *, config: RestorerConfig) -> None:
        super().__init__()
        self.norm1 = Norm(channels, kind=config.norm)
        self.attn = self._build_attention(channels, heads, config=config)
        self.norm2 = Norm(channels, kind=config.norm)
        self.ffn = FeedForward(channels, config=config)

    def _build_attention(self, channels: int, heads: int, *, config: RestorerConfig) -> nn.Module:
        return ChannelAttention(channels, heads, config=config)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map, [B, C, H, W], keeping its shape."""
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.ffn(self.norm2(x))
        return out


class _PromptedAttention(PromptedModule, ChannelAttention):
    """Channel attention whose output the prompts read and change."""

    def __init__(self, channels: int, heads: int, *, config: RestorerConfig) -> None:
        super().__init__(channels, heads, config=config)
        self.add_prompt_layers(channels, config)

    def forward(self, x: Tensor, prompts: tuple[Tensor, ...] = ()) -> Tensor:
        """Mix the channels of a map, [B, C, H, W], and add what the prompts say."""
        return self.add_prompt_maps(super().forward(x), prompts)


class _BlockPromptedInAttention(TransformerBlock):
    """A block with prompts in its attention."""

    def _build_attention(self, channels: int, heads: int, *, config: RestorerConfig) -> nn.Module:
        return _PromptedAttention(channels, heads, config=config)

    def forward(self, x: Tensor, prompts: tuple[Tensor, ...] = ()) -> Tensor:
        """Refine a map, [B, C, H, W], steered by prompts [B or 1, base_dim]."""
        x = x + self.attn(self.norm1(x), prompts)
        out: Tensor = x + self.ffn(self.norm2(x))
        return out


class _BlockPromptedAfterAttention(PromptedModule, TransformerBlock):
    """A block with prompts between its attention and its feed-forward."""

    def __init__(self, channels: int, heads: int, *, config: RestorerConfig) -> None:
        super().__init__(channels, heads, config=config)
        self.add_prompt_layers(channels, config)

    def forward(self, x: Tensor, prompts: tuple[Tensor, ...] = ()) -> Tensor:
        """Refine a map, [B, C, H, W], steered by prompts [B or 1, base_dim]."""
        x = self.add_prompt_maps(x + self.attn(self.norm1(x)), prompts)
        out: Tensor = x + self.ffn(self.norm2(x))
        return out


PromptedBlock = _BlockPromptedInAttention | _BlockPromptedAfterAttention

_BLOCKS: dict[str, type[PromptedBlock]] = {
    "attention": _BlockPromptedInAttention,
    "residual": _BlockPromptedAfterAttention,
}


def build_prompted_block(channels: int, heads: int, *, config: RestorerConfig) -> PromptedBlock:
    """Build the decoder block whose prompts stand where the variant has them."""
    return _BLOCKS[config.variant_traits.place](channels, heads, config=config)
