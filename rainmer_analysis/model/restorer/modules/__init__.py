"""The modules of the restorer: attention and its selection, blocks, local knowledge, layers."""

from __future__ import annotations

from rainmer_analysis.model.restorer.modules.basic_layers import PatchEmbed, downsample, upsample
from rainmer_analysis.model.restorer.modules.channel_attention import (
    ChannelAttention,
    kept_channels,
    sparse_attention,
)
from rainmer_analysis.model.restorer.modules.channel_selection import (
    RecordedSelection,
    Selection,
    SelectionRecorder,
    topk_as_torch,
    topk_lowest_index,
)
from rainmer_analysis.model.restorer.modules.local_knowledge import FUSIONS, LocalFusion, Prompts
from rainmer_analysis.model.restorer.modules.transformer_blocks import Block, prompted_block

__all__ = [
    "FUSIONS",
    "Block",
    "ChannelAttention",
    "LocalFusion",
    "PatchEmbed",
    "Prompts",
    "RecordedSelection",
    "Selection",
    "SelectionRecorder",
    "downsample",
    "kept_channels",
    "prompted_block",
    "sparse_attention",
    "topk_as_torch",
    "topk_lowest_index",
    "upsample",
]
