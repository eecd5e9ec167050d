"""What a file is made of: columns, checksums, parts, and what counts as damage."""

from __future__ import annotations

from rainmer_analysis.values.parquet.format.column_checksums import (
    SUMS,
    ColumnDigests,
    digests_json,
    document_digest,
)
from rainmer_analysis.values.parquet.format.column_reading import (
    embedding_vectors,
    label_rows,
    number_column,
    only_column_named,
)
from rainmer_analysis.values.parquet.format.damage_checks import (
    VerifiedColumns,
    demand_same_columns,
    demand_same_document,
    demand_same_row_count,
    stated_digests,
    translate_reading_errors,
)
from rainmer_analysis.values.parquet.format.parquet_format import FORMAT_VERSION, KEY, TEXT
from rainmer_analysis.values.parquet.format.part_files import PARTS, part_files_of, write_part_list

__all__ = [
    "FORMAT_VERSION",
    "KEY",
    "PARTS",
    "SUMS",
    "TEXT",
    "ColumnDigests",
    "VerifiedColumns",
    "demand_same_columns",
    "demand_same_document",
    "demand_same_row_count",
    "digests_json",
    "document_digest",
    "embedding_vectors",
    "label_rows",
    "number_column",
    "only_column_named",
    "part_files_of",
    "stated_digests",
    "translate_reading_errors",
    "write_part_list",
]
