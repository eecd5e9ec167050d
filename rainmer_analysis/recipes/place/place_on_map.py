"""Where new images lie: their nearest images of a table, and their places on its map."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from rainmer_analysis.numerics import Neighbours, nearest_neighbours_of_queries
from rainmer_analysis.sphere import SphereUMAP
from rainmer_analysis.values import EmbeddingTable, SphereMap

__all__ = ["nearest_table_images", "place_on_map"]

_log = logging.getLogger(__name__)
_NEIGHBOURS = 5
_PARTS = 20


def nearest_table_images(images: EmbeddingTable, table: EmbeddingTable) -> Neighbours:
    """Find the five rows of a table that are nearest to each image."""
    count = min(_NEIGHBOURS, len(table))
    return nearest_neighbours_of_queries(images.vectors, table.vectors, count)


def place_on_map(
    table: EmbeddingTable, images: EmbeddingTable, *, level: float, neighbors: int, seed: int
) -> tuple[SphereMap, Any, Any]:
    """Lay the table out, and place the images on its map with their radii where these are known."""
    _log.info("laying out %d images of %s", len(table), table.space.name)
    model = SphereUMAP(neighbors, random_state=seed).fit(table.vectors)
    map_ = SphereMap(
        model.embedding_.astype(np.float32),
        table.rows,
        table.space,
        {"engine": "sphere", "seed": seed},
    )
    groups = table.rows.column("group")
    parts = min(_PARTS, len(set(groups)))
    if parts * level < 1 or level * (parts + 1) > parts:
        return map_, model.transform(images.vectors), None
    _log.info("leaving scenes out in %d parts, to learn how surely images are placed", parts)
    model.calibrate(groups, parts=parts)
    return map_, *model.transform(images.vectors, level=level)
