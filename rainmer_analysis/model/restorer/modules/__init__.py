"""The modules of the restorer: attention and its selection, blocks, local knowledge, layers."""

from __future__ import annotations

from rainmer_analysis.model.restorer.modules.basic_layers import (
    PatchEmbed,
    build_downsample,
    build_upsample,
)
from rainmer_analysis.model.restorer.modules.channel_attention import (
    ChannelAttention,
    kept_channels_by_rate,
    sparse_attention,
)
from rainmer_analysis.model.restorer.modules.channel_selection import (
    RecordedSelection,
    Selection,
    SelectionRecorder,
    topk_as_torch,
    topk_lowest_index,
)
from rainmer_analysis.model.restorer.modules.local_fusion_and_prompts import (
    FUSIONS,
    LocalFusion,
    Prompts,
)
from rainmer_analysis.model.restorer.modules.transformer_blocks import (
    TransformerBlock,
    build_prompted_block,
)

__all__ = [
    "FUSIONS",
    "ChannelAttention",
    "LocalFusion",
    "PatchEmbed",
    "Prompts",
    "RecordedSelection",
    "Selection",
    "SelectionRecorder",
    "TransformerBlock",
    "build_downsample",
    "build_prompted_block",
    "build_upsample",
    "kept_channels_by_rate",
    "sparse_attention",
    "topk_as_torch",
    "topk_lowest_index",
]
