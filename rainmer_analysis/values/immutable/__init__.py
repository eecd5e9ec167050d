"""Values that check themselves and never change: labels, tables, maps, matrices; no files."""

from __future__ import annotations

from rainmer_analysis.values.immutable.map_summary_value import DatasetOnMap, MapSummary
from rainmer_analysis.values.immutable.matrix import SIGNIFICANT, RelationshipMatrix
from rainmer_analysis.values.immutable.properties import PROPERTIES, PropertyTable
from rainmer_analysis.values.immutable.rows import LABELS, ImageSet, Rows
from rainmer_analysis.values.immutable.table import (
    BATCH,
    EmbeddingTable,
    Space,
    SphereMap,
    common_space,
)

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
