"""Extraction over several processes, on one machine or many, as torchrun starts them."""

from __future__ import annotations

from rainmer_analysis.infer.distributed.extract import extract_over_ranks
from rainmer_analysis.infer.distributed.processes import Ranks, rank_device, ranks

__all__ = ["Ranks", "extract_over_ranks", "rank_device", "ranks"]
