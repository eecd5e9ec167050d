"""Extraction, one way through: task, decode, encode, finished shards, tables in one step."""

from __future__ import annotations

from rainmer_analysis.infer.extraction.extract import extract
from rainmer_analysis.infer.extraction.extract_over_ranks_to_folder import extract_over_ranks
from rainmer_analysis.infer.extraction.extraction_result import Extraction

__all__ = ["Extraction", "extract", "extract_over_ranks"]
