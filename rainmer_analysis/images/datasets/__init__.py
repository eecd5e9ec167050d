"""Where images lie: folders, the catalogue of the paper's datasets, manifests, and pairs."""

from __future__ import annotations

from rainmer_analysis.images.datasets.catalogue import CATALOGUE, catalogue_layout
from rainmer_analysis.images.datasets.dataset_layouts import find_catalogue_dataset
from rainmer_analysis.images.datasets.notes_from_names import notes_from_names
from rainmer_analysis.images.datasets.read_lists import (
    compare_with_listed_names,
    read_image_names,
    read_pair_list,
)
from rainmer_analysis.images.datasets.read_manifests import (
    checked_dataset_name,
    dataset_from_entry,
    read_manifest,
)
from rainmer_analysis.images.datasets.scene_groups import name_scenes
from rainmer_analysis.images.datasets.search import (
    Account,
    Dataset,
    ImageCandidate,
    Rule,
    iterate_candidate_paths,
    list_images,
    normal_path,
    pair_names,
    parse_patterns,
    search_folder,
)
from rainmer_analysis.images.datasets.suggest_manifest_entries import suggest_entries_and_rest

__all__ = [
    "CATALOGUE",
    "Account",
    "Dataset",
    "ImageCandidate",
    "Rule",
    "catalogue_layout",
    "checked_dataset_name",
    "compare_with_listed_names",
    "dataset_from_entry",
    "find_catalogue_dataset",
    "iterate_candidate_paths",
    "list_images",
    "name_scenes",
    "normal_path",
    "notes_from_names",
    "pair_names",
    "parse_patterns",
    "read_image_names",
    "read_manifest",
    "read_pair_list",
    "search_folder",
    "suggest_entries_and_rest",
]
