"""Where images lie: folders, the catalogue of the paper's datasets, manifests, and pairs."""

from __future__ import annotations

from rainmer_analysis.images.datasets.catalogue import CATALOGUE, layout_of
from rainmer_analysis.images.datasets.dataset_layouts import find_layout_images
from rainmer_analysis.images.datasets.manifests import check_name, dataset_from_entry, read_manifest
from rainmer_analysis.images.datasets.read_lists import compare_names, read_names, read_pairs
from rainmer_analysis.images.datasets.scene_groups import name_scenes
from rainmer_analysis.images.datasets.search import (
    Account,
    Dataset,
    ImageCandidate,
    Rule,
    list_candidates,
    list_images,
    pair_names,
    parse_patterns,
    search_folder,
)
from rainmer_analysis.images.datasets.suggestions import (
    Suggestion,
    recognised_layout_note,
    suggestions,
)

__all__ = [
    "CATALOGUE",
    "Account",
    "Dataset",
    "ImageCandidate",
    "Rule",
    "Suggestion",
    "check_name",
    "compare_names",
    "dataset_from_entry",
    "find_layout_images",
    "layout_of",
    "list_candidates",
    "list_images",
    "name_scenes",
    "pair_names",
    "parse_patterns",
    "read_manifest",
    "read_names",
    "read_pairs",
    "recognised_layout_note",
    "search_folder",
    "suggestions",
]
