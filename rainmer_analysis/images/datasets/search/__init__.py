"""What a folder holds: its images, which belong together, and an account of all its files."""

from __future__ import annotations

from rainmer_analysis.images.datasets.search.accounting import (
    NO_IMAGE,
    NOT_THIS_SET,
    UNMATCHED,
    Account,
    merge_accounts,
)
from rainmer_analysis.images.datasets.search.folder_search import (
    Dataset,
    ImageCandidate,
    list_candidates,
    normal_path,
    search_folder,
    with_targets,
)
from rainmer_analysis.images.datasets.search.listing import Listing, list_images
from rainmer_analysis.images.datasets.search.pairing import (
    Pairing,
    Pattern,
    Rule,
    pair_names,
    parse_patterns,
    stem_of,
    unicode_key,
)

__all__ = [
    "NOT_THIS_SET",
    "NO_IMAGE",
    "UNMATCHED",
    "Account",
    "Dataset",
    "ImageCandidate",
    "Listing",
    "Pairing",
    "Pattern",
    "Rule",
    "list_candidates",
    "list_images",
    "merge_accounts",
    "normal_path",
    "pair_names",
    "parse_patterns",
    "search_folder",
    "stem_of",
    "unicode_key",
    "with_targets",
]
