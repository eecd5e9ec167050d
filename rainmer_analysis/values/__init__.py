"""Immutable values that check themselves, and the files they live in.

Labels (`Rows`), images to look at (`ImageSet`), embeddings of one space (`EmbeddingTable`), their
positions on the unit sphere (`SphereMap`) and scores between datasets (`RelationshipMatrix`).
"""

from __future__ import annotations

from rainmer_analysis.values.archive import (
    is_up_to_date,
    read,
    read_as,
    request_of,
    write,
    write_json,
    write_table,
)
from rainmer_analysis.values.disk import (
    WEIGHTS_ALLOWED,
    commit,
    demand_free,
    demand_weights,
    demand_writable,
    finish,
    holding,
    located,
    lock_of,
    recover,
    staging,
    sweep,
    tensor_format,
    told_in_full,
    write_atomically,
)
from rainmer_analysis.values.disk.json_documents import read_json, stamped, unstamped
from rainmer_analysis.values.frozen import FrozenDict, Value
from rainmer_analysis.values.map_summary_value import DatasetOnMap, MapSummary
from rainmer_analysis.values.matrix import SIGNIFICANT, RelationshipMatrix
from rainmer_analysis.values.matrix_files import matrix_document, matrix_from_document
from rainmer_analysis.values.parquet import (
    PARTS,
    beside,
    library_versions,
    parts_of,
    read_metadata,
    write_batches,
    write_list,
)
from rainmer_analysis.values.pictures import (
    PictureRecord,
    carries_record,
    picture_sha256,
    read_record,
    with_record,
)
from rainmer_analysis.values.properties import PROPERTIES, PropertyTable
from rainmer_analysis.values.request_digest import array_digest, digest, to_json_types, versions_of
from rainmer_analysis.values.rows import ImageSet, Rows
from rainmer_analysis.values.running import (
    command_line,
    has_listener,
    progress_to,
    report_progress,
    stated_command,
)
from rainmer_analysis.values.table import EmbeddingTable, Space, SphereMap, same_space
from rainmer_analysis.values.table_stream import TableStream

__all__ = [
    "PARTS",
    "PROPERTIES",
    "SIGNIFICANT",
    "WEIGHTS_ALLOWED",
    "DatasetOnMap",
    "EmbeddingTable",
    "FrozenDict",
    "ImageSet",
    "MapSummary",
    "PictureRecord",
    "PropertyTable",
    "RelationshipMatrix",
    "Rows",
    "Space",
    "SphereMap",
    "TableStream",
    "Value",
    "array_digest",
    "beside",
    "carries_record",
    "command_line",
    "commit",
    "demand_free",
    "demand_weights",
    "demand_writable",
    "digest",
    "finish",
    "has_listener",
    "holding",
    "is_up_to_date",
    "library_versions",
    "located",
    "lock_of",
    "matrix_document",
    "matrix_from_document",
    "parts_of",
    "picture_sha256",
    "progress_to",
    "read",
    "read_as",
    "read_json",
    "read_metadata",
    "read_record",
    "recover",
    "report_progress",
    "request_of",
    "same_space",
    "staging",
    "stamped",
    "stated_command",
    "sweep",
    "tensor_format",
    "to_json_types",
    "told_in_full",
    "unstamped",
    "versions_of",
    "with_record",
    "write",
    "write_atomically",
    "write_batches",
    "write_json",
    "write_list",
    "write_table",
]
