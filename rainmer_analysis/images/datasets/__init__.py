"""Where images lie: folders, the catalogue of the paper's datasets, manifests, and pairs."""

from __future__ import annotations

from rainmer_analysis.images.datasets.accounting import Account
from rainmer_analysis.images.datasets.folders import Dataset, ImageCandidate
from rainmer_analysis.images.datasets.listing import Listing, list_images
from rainmer_analysis.images.datasets.manifests import read_manifest
from rainmer_analysis.images.datasets.pairing import Pairing, pair_names, parse_patterns
from rainmer_analysis.images.datasets.published_lists import compare_names, read_names
from rainmer_analysis.images.datasets.suggestions import Suggestion, suggestions

__all__ = [
    "Account",
    "Dataset",
    "ImageCandidate",
    "Listing",
    "Pairing",
    "Suggestion",
    "compare_names",
    "list_images",
    "pair_names",
    "parse_patterns",
    "read_manifest",
    "read_names",
    "suggestions",
]
