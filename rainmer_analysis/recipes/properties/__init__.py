"""The published measures of images, dataset cards made of them, and balanced subsets."""

from __future__ import annotations

from rainmer_analysis.recipes.properties.describe_images import describe
from rainmer_analysis.recipes.properties.description_files import skipped_list_path
from rainmer_analysis.recipes.properties.property_card_markdown import (
    dataset_card_markdown,
    write_dataset_card_once,
)
from rainmer_analysis.recipes.properties.property_summary import summarise_properties
from rainmer_analysis.recipes.properties.subset_like_others import balance
from rainmer_analysis.recipes.properties.subsets.sample_manifest import write_sample_manifest_once
from rainmer_analysis.recipes.properties.subsets.subset_folders import link_or_copy_images_once

__all__ = [
    "balance",
    "dataset_card_markdown",
    "describe",
    "link_or_copy_images_once",
    "skipped_list_path",
    "summarise_properties",
    "write_dataset_card_once",
    "write_sample_manifest_once",
]
