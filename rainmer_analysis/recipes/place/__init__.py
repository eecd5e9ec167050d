"""New images against the datasets of a table."""

from __future__ import annotations

from rainmer_analysis.recipes.place.place_images import PlacedImage, PlacedImages, place
from rainmer_analysis.recipes.place.placed_images_page import write_placed_images_page_once

__all__ = ["PlacedImage", "PlacedImages", "place", "write_placed_images_page_once"]
