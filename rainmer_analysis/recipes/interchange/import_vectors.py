"""Vectors of others to a table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.recipes.interchange.read_foreign_files import (
    read_labels,
    read_npy,
    read_vector_column,
)
from rainmer_analysis.values import (
    EmbeddingTable,
    Rows,
    Space,
    digest,
    library_versions,
    up_to_date_or_refuse,
    write,
)

__all__ = ["ImportOptions", "Imported", "import_vectors"]

_KEPT = ("path", "target", "split", "sha256")


@dataclass(frozen=True)
class ImportOptions:
    """What is said of vectors that do not say it themselves.

    Parameters
    ----------
    encoder, view
        What the space is called.
    identity
        What tells these weights from others of the same encoder, in words or as a digest; tables
        share a space only where it is the same.
    preprocessing
        How images were resized, in words.
    vectors
        Column of the vectors in a Parquet file; by default the only one of lists.
    image_id, dataset, group
        Columns of the labels. Where there is no column of scenes, each image is its own scene.
    name
        Of the one dataset, where there is no column of datasets.
    """

    encoder: str
    view: str = "features"
    identity: str = ""
    preprocessing: str = "unknown"
    vectors: str | None = None
    image_id: str = "image_id"
    dataset: str = "dataset"
    group: str = "group"
    name: str | None = None


@dataclass(frozen=True, eq=False)
class Imported:
    """A table of others' vectors.

    Parameters
    ----------
    table
        The table.
    left_out
        Reason by image id, of rows that are in no table.
    unused
        Columns of the labels that are not kept.
    up_to_date
        Whether the table was there already.
    """

    table: EmbeddingTable
    left_out: Mapping[str, str]
    unused: tuple[str, ...]
    up_to_date: bool


def import_vectors(
    source: str | Path,
    out: str | Path,
    *,
    options: ImportOptions,
    labels: str | Path | None = None,
    overwrite: bool = False,
) -> Imported:
    """Make a table of vectors that another program wrote, each brought to length 1.

    The source is a NumPy file [n, d] (``.npy``), or Parquet with a column of lists. Labels are CSV
    or Parquet with a row for each vector, in the same order; for Parquet by default its own other
    columns.

    Raises
    ------
    FileFormatError
        A file cannot be used.
    ParameterError
        Labels are missing, empty or repeated, or their number is not that of the vectors.
    OutputExistsError
        Something else lies at `out`.
    """
    given, target = Path(source), Path(out)
    matrix, frame = _read_vectors_and_labels(given, labels, options)
    if len(matrix) != len(frame):
        raise ParameterError(
            f"{len(matrix)} vectors and {len(frame)} rows of labels came; give one row for each "
            "vector, in the same order"
        )
    rows, unused = _labels_and_unused_columns(frame, options)
    unit, faults = _unit_rows_and_faults(matrix)
    kept = [row for row in range(len(rows)) if row not in faults]
    if not kept:
        raise ParameterError(f"{given} holds no vector with a direction; check how it was written")
    table = EmbeddingTable(
        unit[kept],
        Rows(rows.iloc[kept]),
        _space_of_options(options),
        _import_provenance(given, options),
    )
    inputs = [_file_sha256(Path(path)) for path in (given, labels) if path is not None]
    request = digest(["import", inputs, asdict(options)])
    current = up_to_date_or_refuse(target, request, overwrite=overwrite)
    if not current:
        write(table, target, overwrite=overwrite, request=request)
    left_out = {str(rows["image_id"].iloc[row]): why for row, why in faults.items()}
    return Imported(table, left_out, unused, current)


def _space_of_options(options: ImportOptions) -> Space:
    identity = digest(["imported", options.encoder, options.identity])
    return Space(options.encoder, options.view, identity, options.preprocessing, "exact")


def _import_provenance(source: Path, options: ImportOptions) -> dict[str, Any]:
    return {
        "encoder": {"name": options.encoder, "identity": options.identity},
        "seed": None,
        "libraries": library_versions(),
        "imported": {"file": source.name, "sha256": _file_sha256(source)},
    }


def _read_vectors_and_labels(
    source: Path, labels: str | Path | None, options: ImportOptions
) -> tuple[npt.NDArray[Any], pd.DataFrame]:
    suffix = source.suffix.lower()
    if not source.exists() or suffix not in (".npy", ".parquet"):
        why = "is neither .npy nor .parquet" if source.exists() else "is not there"
        raise ParameterError(
            f"{source} {why}; give vectors as .npy with --labels FILE.csv, or as Parquet with a "
            "column of lists"
        )
    if suffix == ".parquet":
        matrix, own = read_vector_column(source, options.vectors)
        return matrix, own if labels is None else read_labels(Path(labels))
    if labels is None:
        raise ParameterError(
            f"{source} holds vectors without labels; name a CSV of {options.image_id} and "
            f"{options.dataset} with --labels, a row for each vector"
        )
    return read_npy(source), read_labels(Path(labels))


def _labels_and_unused_columns(
    frame: pd.DataFrame, options: ImportOptions
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the labels under the names of this package, and the columns that are not used."""
    if options.image_id not in frame.columns:
        raise ParameterError(
            f"the labels have no column {options.image_id!r}; they have "
            f"{', '.join(map(str, frame.columns)) or 'none'}: name the column of image names with "
            "--image-id"
        )
    if options.dataset not in frame.columns and options.name is None:
        raise ParameterError(
            f"the labels have no column {options.dataset!r}; name the column of datasets with "
            "--dataset-column, or the one dataset that all images are of with --name"
        )
    named = options.dataset in frame.columns and options.name is None
    datasets = frame[options.dataset] if named else [options.name] * len(frame)
    columns: dict[str, list[Any]] = {
        "image_id": [],
        "dataset": [_text_or_none(each) for each in datasets],
    }
    for image, dataset in zip(frame[options.image_id], columns["dataset"], strict=True):
        name = _text_or_none(image)
        inside = name is None or dataset is None or name.startswith(f"{dataset}/")
        columns["image_id"].append(name if inside else f"{dataset}/{name}")
    groups = frame[options.group] if options.group in frame.columns else columns["image_id"]
    columns["group"] = [_text_or_none(each) for each in groups]
    used = {options.image_id, options.group, *([options.dataset] if named else ())}
    for name in _KEPT:
        if name in frame.columns:
            columns[name] = [_text_or_none(each) for each in frame[name]]
            used.add(name)
    return pd.DataFrame(columns), tuple(str(c) for c in frame.columns if c not in used)


def _text_or_none(cell: Any) -> str | None:
    return None if pd.isna(cell) or str(cell) == "" else str(cell)


def _unit_rows_and_faults(
    matrix: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
    """Return rows of length 1, and the reason by row of those that have no direction."""
    rows = np.asarray(matrix, dtype=np.float64)
    finite = np.asarray(np.isfinite(rows).all(axis=1), dtype=np.bool_)
    lengths = np.asarray(np.linalg.norm(np.where(finite[:, None], rows, 0.0), axis=1))
    faults = dict.fromkeys(
        np.flatnonzero(~finite).tolist(), "its vector lacks a number or is not finite"
    )
    faults |= dict.fromkeys(
        np.flatnonzero(finite & (lengths == 0)).tolist(), "its vector is all zeros"
    )
    scale = np.where(lengths > 0, lengths, 1.0)
    return np.asarray(rows / scale[:, None], dtype=np.float32), dict(sorted(faults.items()))


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
