"""Columns of Parquet files as arrays, also where another program has written them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.immutable import Rows
from rainmer_analysis.values.parquet.format.parquet_format import TEXT

__all__ = ["embedding_vectors", "label_rows", "number_column", "only_column_named"]


def only_column_named(table: pa.Table, name: str, path: Path) -> pa.ChunkedArray:
    """Return the one column of this name.

    Raises FileFormatError: there is none, or there are several.
    """
    count = table.column_names.count(name)
    if count != 1:
        what = f"{count} columns {name!r}" if count else f"no column {name!r}"
        raise FileFormatError(f"{path} has {what}; its columns are {', '.join(table.column_names)}")
    return table.column(name)


def label_rows(table: pa.Table, path: Path) -> Rows:
    """Return the labels as they were written: text or None.

    Raises FileFormatError: two columns have one name; ParameterError: a label is missing, empty or
    repeated.
    """
    for name in table.column_names:
        only_column_named(table, name, path)
    frame = table.to_pandas(ignore_metadata=True)
    for name in set(TEXT) & set(frame.columns):
        cells = frame[name].astype(object)
        frame[name] = cells.where(cells.notna(), None)
    return Rows(frame)


def number_column(table: pa.Table, name: str, path: Path) -> npt.NDArray[Any]:
    """Return a column of numbers, shape (n,).

    Raises FileFormatError: it is missing, holds no numbers, or lacks some.
    """
    column = only_column_named(table, name, path)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise FileFormatError(f"{path}: its column {name!r} is {column.type}; numbers are wanted")
    _check_no_nulls(column, name, path)
    return np.asarray(column.to_numpy())


def embedding_vectors(table: pa.Table, path: Path) -> npt.NDArray[np.float32]:
    """Return the column of embeddings, shape (n, d).

    Lists of any kind are read, of float32 or another floating type, if all have one length.

    Raises FileFormatError: the column is missing, of another type, lacks a vector or a number, or
    its vectors are of several lengths.
    """
    column = only_column_named(table, "embedding", path)
    kind = column.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not (is_list or pa.types.is_fixed_size_list(kind)) or not pa.types.is_floating(
        kind.value_type
    ):
        raise FileFormatError(
            f"{path}: its column 'embedding' is {kind}; a list of floating numbers per row is "
            "wanted, best a fixed-size list of float32"
        )
    _check_no_nulls(column, "embedding", path)
    width = (
        kind.list_size if pa.types.is_fixed_size_list(kind) else _common_list_length(column, path)
    )
    values = column.combine_chunks().flatten()
    if values.null_count:
        raise FileFormatError(f"{path}: a vector of its column 'embedding' lacks a number")
    found = values.to_numpy(zero_copy_only=False).reshape(len(table), width)
    return np.asarray(found, np.float32)


def _common_list_length(column: pa.ChunkedArray, path: Path) -> int:
    """Return the one length of all lists, 0 where there is no list."""
    lengths = pc.list_value_length(column).to_numpy()
    if not len(lengths):
        return 0
    other = np.flatnonzero(lengths != lengths[0])
    if len(other):
        raise FileFormatError(
            f"{path}: the vectors of its column 'embedding' have several lengths: "
            f"{lengths[0]} in row 1, {lengths[other[0]]} in row {other[0] + 1}"
        )
    return int(lengths[0])


def _check_no_nulls(column: pa.ChunkedArray, name: str, path: Path) -> None:
    if column.null_count:
        first = column.is_null().to_pylist().index(True)
        raise FileFormatError(
            f"{path}: its column {name!r} is empty in {column.null_count} rows, the first of them "
            f"row {first + 1}; remove these rows or fill them"
        )
