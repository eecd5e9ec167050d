"""Tables and maps as Parquet, with what made them in the file's metadata."""

from __future__ import annotations

from rainmer_analysis.values.parquet.format import PARTS, part_files_of, write_part_list
from rainmer_analysis.values.parquet.parquet_reading import (
    check_same_width,
    companion_digests,
    read_metadata,
    read_parquet,
)
from rainmer_analysis.values.parquet.parquet_writing import (
    library_versions,
    write_parquet,
    write_parquet_batches,
)
from rainmer_analysis.values.parquet.part_streams import (
    iter_part_batches,
    iter_part_columns,
    part_dim,
    part_space_and_row_count,
    verify_checksums,
)
from rainmer_analysis.values.parquet.properties_parquet import read_properties, write_properties

__all__ = [
    "PARTS",
    "check_same_width",
    "companion_digests",
    "iter_part_batches",
    "iter_part_columns",
    "library_versions",
    "part_dim",
    "part_files_of",
    "part_space_and_row_count",
    "read_metadata",
    "read_parquet",
    "read_properties",
    "verify_checksums",
    "write_parquet",
    "write_parquet_batches",
    "write_part_list",
    "write_properties",
]
