"""What a folder holds: its images, which belong together, and an account of all its files."""

from __future__ import annotations

from rainmer_analysis.images.datasets.search.file_accounting import (
    NO_IMAGE,
    NOT_THIS_SET,
    UNMATCHED,
    Account,
    merge_accounts,
)
from rainmer_analysis.images.datasets.search.folder_listing import Listing, list_images
from rainmer_analysis.images.datasets.search.folder_search import (
    Dataset,
    ImageCandidate,
    iterate_candidate_paths,
    normal_path,
    pair_with_target_folder,
    search_folder,
)
from rainmer_analysis.images.datasets.search.name_pairing import (
    Pattern,
    Rule,
    nfc_name,
    nfc_without_suffix,
    pair_names,
    parse_patterns,
)

__all__ = [
    "NOT_THIS_SET",
    "NO_IMAGE",
    "UNMATCHED",
    "Account",
    "Dataset",
    "ImageCandidate",
    "Listing",
    "Pattern",
    "Rule",
    "iterate_candidate_paths",
    "list_images",
    "merge_accounts",
    "nfc_name",
    "nfc_without_suffix",
    "normal_path",
    "pair_names",
    "pair_with_target_folder",
    "parse_patterns",
    "search_folder",
]
