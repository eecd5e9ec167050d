"""Tables of properties as Parquet: labels, then one column of numbers or nulls a measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.immutable import PROPERTIES, PropertyTable
from rainmer_analysis.values.parquet.format import (
    FORMAT_VERSION,
    label_rows,
    only_column_named,
    part_files_of,
    translate_reading_errors,
)
from rainmer_analysis.values.parquet.parquet_reading import (
    open_parquet,
    provenance_in_document,
    read_verified_table,
    verified_metadata_of,
)
from rainmer_analysis.values.parquet.parquet_writing import (
    label_columns,
    library_versions,
    write_plain_columns,
)

__all__ = ["read_properties", "write_properties"]


def write_properties(table: PropertyTable, path: Path, request: str | None) -> None:
    """Write a table of properties to `path` (not atomic by itself: see `archive.write`)."""
    made = dict(table.made)
    document = {
        "kind": "properties",
        "version": FORMAT_VERSION,
        "seed": made.pop("seed", None),
        "libraries": made.pop("libraries", None) or library_versions(),
        "parameters": made,
        **({} if request is None else {"request": request}),
    }
    columns = label_columns(table.rows) | {
        name: pa.array(table.column(name), from_pandas=True) for name in PROPERTIES
    }
    write_plain_columns(pa.table(columns), document, path)


def read_properties(path: Path) -> PropertyTable:
    """Read a table of properties.

    Raises FileFormatError: the file is of another kind, damaged or newer.
    """
    first = part_files_of(path)[0]
    with open_parquet(first, page_checksum_verification=True) as file:
        document = verified_metadata_of(file, first.path)
        if first.path != path or document["kind"] != "properties":
            raise FileFormatError(
                f"{path} is no table of properties; give a file that 'rainmer-analysis describe' "
                "wrote"
            )
        with translate_reading_errors(path):
            table = read_verified_table(file, path)
            values = np.stack([_float_column(table, name, path) for name in PROPERTIES], axis=1)
            rows = label_rows(table.drop_columns(list(PROPERTIES)), path)
            return PropertyTable(values, rows, provenance_in_document(document, path))


def _float_column(table: pa.Table, name: str, path: Path) -> npt.NDArray[np.float64]:
    column = only_column_named(table, name, path)
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise FileFormatError(f"{path}: its column {name!r} is {kind}; numbers are wanted")
    return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
