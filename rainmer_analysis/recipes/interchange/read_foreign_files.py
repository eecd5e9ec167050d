"""Files of vectors and labels that other programs wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError, ParameterError

__all__ = ["read_labels", "read_npy", "read_vector_column"]


def read_npy(path: Path) -> npt.NDArray[Any]:
    """Read vectors, shape (n, d), from a NumPy file.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, holds objects, or no matrix of floating numbers.
    """
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileFormatError(
            f"{path} cannot be read as a NumPy file ({error}); give one array that np.save wrote, "
            "without objects"
        ) from error
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype.kind != "f":
        kind = f"an array {list(found.shape)} of {found.dtype}" if hasattr(found, "dtype") else ""
        raise FileFormatError(
            f"{path} holds {kind or 'several arrays'}; give one array [n, d] of floating numbers, "
            "a row for each image"
        )
    return found


def read_vector_column(path: Path, column: str | None) -> tuple[npt.NDArray[Any], pd.DataFrame]:
    """Read a column of lists, and the other columns as labels, from a Parquet file.

    By default the vectors are the only column of lists of floating numbers.

    Raises
    ------
    FileFormatError
        The file cannot be read, or its lists are of several lengths or lack numbers.
    ParameterError
        There is no such column, or none or several could be meant.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(
            f"{path} cannot be read as Parquet: it is damaged, cut off or of another kind; make "
            "it again or name another file"
        ) from error
    lists = [each.name for each in table.schema if _is_list_of_floats(each.type)]
    if column is None and len(lists) != 1:
        raise ParameterError(
            f"{path} has {len(lists)} columns of lists of floating numbers"
            f"{': ' + ', '.join(lists) if lists else ''}; name the one that holds the vectors with "
            "--vectors"
        )
    name = column or lists[0]
    if name not in lists:
        raise ParameterError(
            f"{path} has no column {name!r} of lists of floating numbers; it has "
            f"{', '.join(lists) or 'none'}"
        )
    labels = table.drop_columns(lists).to_pandas(ignore_metadata=True)
    return _lists_to_matrix(table.column(name), name, path), labels


def read_labels(path: Path) -> pd.DataFrame:
    """Read labels, a row for each vector, from CSV or Parquet; every cell of CSV is text.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of another kind.
    """
    try:
        if path.suffix.lower() == ".parquet":
            frame: pd.DataFrame = pq.read_table(path).to_pandas(ignore_metadata=True)
            return frame
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileFormatError(
            f"{path} cannot be read as labels ({error}); give a CSV with a header, or Parquet, "
            "with one row for each vector"
        ) from error


def _is_list_of_floats(kind: pa.DataType) -> bool:
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    listed = listed or pa.types.is_fixed_size_list(kind)
    return bool(listed and pa.types.is_floating(kind.value_type))


def _lists_to_matrix(column: pa.ChunkedArray, name: str, path: Path) -> npt.NDArray[Any]:
    """Return lists of one length as a matrix; a missing list or number is NaN."""
    lengths = pc.list_value_length(column).drop_null()
    known = pc.unique(lengths).to_pylist()
    if len(known) != 1:
        raise FileFormatError(
            f"{path}: the vectors of its column {name!r} have the lengths "
            f"{', '.join(map(str, sorted(known)[:5])) or 'of none'}; all must have one"
        )
    found = np.full((len(column), known[0]), np.nan)
    present = np.asarray(column.is_valid())
    flat = column.drop_null().combine_chunks().flatten()
    found[present] = flat.to_numpy(zero_copy_only=False).reshape(-1, known[0])
    return found
