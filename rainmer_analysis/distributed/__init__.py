"""The processes that torchrun started: which one this is, and what they say to each other."""

from __future__ import annotations

from rainmer_analysis.distributed.distributed_context import DistributedContext, init_distributed
from rainmer_analysis.distributed.rank_communication import (
    Ranks,
    all_agree,
    broadcast_text,
    launched_ranks,
    process_group,
    raise_everywhere_if_one_fails,
    rank_device,
)

__all__ = [
    "DistributedContext",
    "Ranks",
    "all_agree",
    "broadcast_text",
    "init_distributed",
    "launched_ranks",
    "process_group",
    "raise_everywhere_if_one_fails",
    "rank_device",
]
