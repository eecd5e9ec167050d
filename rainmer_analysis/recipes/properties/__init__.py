"""The published measures of images, dataset cards made of them, and balanced subsets."""

from __future__ import annotations

from rainmer_analysis.recipes.properties.balance import Balance, balance
from rainmer_analysis.recipes.properties.card import dataset_card, write_card
from rainmer_analysis.recipes.properties.describe import Description, describe
from rainmer_analysis.recipes.properties.summary import summarise_properties

__all__ = [
    "Balance",
    "Description",
    "balance",
    "dataset_card",
    "describe",
    "summarise_properties",
    "write_card",
]
