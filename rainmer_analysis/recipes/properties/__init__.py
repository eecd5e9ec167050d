"""The published measures of images, dataset cards made of them, and balanced subsets."""

from __future__ import annotations

from rainmer_analysis.recipes.properties.balance_subset import balance
from rainmer_analysis.recipes.properties.dataset_card import dataset_card, write_card
from rainmer_analysis.recipes.properties.describe_images import Description, describe
from rainmer_analysis.recipes.properties.description_files import skipped_path
from rainmer_analysis.recipes.properties.property_summary import summarise_properties
from rainmer_analysis.recipes.properties.subsets.sample_manifest import write_sample
from rainmer_analysis.recipes.properties.subsets.subset_folders import write_images

__all__ = [
    "Description",
    "balance",
    "dataset_card",
    "describe",
    "skipped_path",
    "summarise_properties",
    "write_card",
    "write_images",
    "write_sample",
]
