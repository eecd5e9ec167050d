"""The processes that torchrun started: which one this is, and what they say to each other."""

from __future__ import annotations

from rainmer_analysis.distributed.context import DistributedContext, init_distributed
from rainmer_analysis.distributed.rank_messages import (
    Ranks,
    all_agree,
    broadcast_text,
    process_group,
    raise_first_error,
    rank_device,
    ranks,
)

__all__ = [
    "DistributedContext",
    "Ranks",
    "all_agree",
    "broadcast_text",
    "init_distributed",
    "process_group",
    "raise_first_error",
    "rank_device",
    "ranks",
]
