"""Values that check themselves and never change: labels, tables, maps, matrices; no files."""

from __future__ import annotations

from rainmer_analysis.values.immutable.embedding_table_and_map import (
    BATCH,
    EmbeddingTable,
    Space,
    SphereMap,
    common_space,
)
from rainmer_analysis.values.immutable.label_frame_and_images_to_encode import (
    LABELS,
    ImageSet,
    Rows,
)
from rainmer_analysis.values.immutable.map_summary_value import DatasetOnMap, MapSummary
from rainmer_analysis.values.immutable.property_table import PROPERTIES, PropertyTable
from rainmer_analysis.values.immutable.relationship_matrix import SIGNIFICANT, RelationshipMatrix

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
