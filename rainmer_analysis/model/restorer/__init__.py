"""Rainmer's restorer: the prompted U-shaped transformer, in all its published variants.

What differs between variants is a table in ``config``; which attentions survive is one function
in ``modules.channel_selection``. Padding, tiles and image files belong to the rooms above.
"""

from __future__ import annotations

from rainmer_analysis.model.restorer.config import VARIANTS, RestorerConfig
from rainmer_analysis.model.restorer.modules import (
    Prompts,
    RecordedSelection,
    SelectionRecorder,
    topk_as_torch,
    topk_lowest_index,
)
from rainmer_analysis.model.restorer.network import MULTIPLE, Restorer

__all__ = [
    "MULTIPLE",
    "VARIANTS",
    "Prompts",
    "RecordedSelection",
    "Restorer",
    "RestorerConfig",
    "SelectionRecorder",
    "topk_as_torch",
    "topk_lowest_index",
]
