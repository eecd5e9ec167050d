"""Values that check themselves and never change: labels, tables, maps, matrices; no files."""

from __future__ import annotations

from rainmer_analysis.values.immutable.embedding_table_and_map import (
    BATCH,
    EmbeddingTable,
    Space,
    SphereMap,
    common_space,
)
from rainmer_analysis.values.immutable.map_summary_value import DatasetOnMap, MapSummary
from rainmer_analysis.values.immutable.property_table import PROPERTIES, PropertyTable
from rainmer_analysis.values.immutable.relationship_matrix import SIGNIFICANT, RelationshipMatrix
from rainmer_analysis.values.immutable.rows_and_image_set import LABELS, ImageSet, Rows

__all__ = [
    "BATCH",
    "LABELS",
    "PROPERTIES",
    "SIGNIFICANT",
    "DatasetOnMap",
    "EmbeddingTable",
    "ImageSet",
    "MapSummary",
    "PropertyTable",
    "RelationshipMatrix",
    "Rows",
    "Space",
    "SphereMap",
    "common_space",
]
