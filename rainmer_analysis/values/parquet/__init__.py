"""Tables and maps as Parquet, with what made them in the file's metadata."""

from __future__ import annotations

from rainmer_analysis.values.parquet.parquet_format import FORMAT_VERSION
from rainmer_analysis.values.parquet.parquet_reading import (
    part_batches,
    part_columns,
    part_dim,
    part_space,
    parts_of,
    read_metadata,
    read_parquet,
)
from rainmer_analysis.values.parquet.parquet_writing import (
    library_versions,
    write_batches,
    write_parquet,
)
from rainmer_analysis.values.parquet.properties_parquet import read_properties, write_properties

__all__ = [
    "FORMAT_VERSION",
    "library_versions",
    "part_batches",
    "part_columns",
    "part_dim",
    "part_space",
    "parts_of",
    "read_metadata",
    "read_parquet",
    "read_properties",
    "write_batches",
    "write_parquet",
    "write_properties",
]
