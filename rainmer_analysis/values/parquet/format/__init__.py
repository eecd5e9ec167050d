"""What a file is made of: columns, checksums, parts, and what counts as damage."""

from __future__ import annotations

from rainmer_analysis.values.parquet.format.checksums import (
    SUMS,
    ColumnSums,
    document_sum,
    sums_text,
)
from rainmer_analysis.values.parquet.format.columns import column_of, label_rows, numbers, vectors
from rainmer_analysis.values.parquet.format.damaged_files import (
    Checked,
    demand_count,
    demand_document,
    demand_rows,
    reading_errors,
    stated_sums,
)
from rainmer_analysis.values.parquet.format.parquet_format import FORMAT_VERSION, KEY, TEXT
from rainmer_analysis.values.parquet.format.parts import PARTS, parts_of, write_part_list

__all__ = [
    "FORMAT_VERSION",
    "KEY",
    "PARTS",
    "SUMS",
    "TEXT",
    "Checked",
    "ColumnSums",
    "column_of",
    "demand_count",
    "demand_document",
    "demand_rows",
    "document_sum",
    "label_rows",
    "numbers",
    "parts_of",
    "reading_errors",
    "stated_sums",
    "sums_text",
    "vectors",
    "write_part_list",
]
