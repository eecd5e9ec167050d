"""Reading tables and maps from Parquet files, whole or in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.values.parquet.columns import column_of, label_rows, numbers, vectors
from rainmer_analysis.values.parquet.form import FORMAT_VERSION, KEY
from rainmer_analysis.values.rows import LABELS, Rows
from rainmer_analysis.values.table import EmbeddingTable, Space, SphereMap, same_space

__all__ = [
    "damage",
    "part_batches",
    "part_columns",
    "part_dim",
    "part_space",
    "parts_of",
    "read_metadata",
    "read_parquet",
]

_COORDINATES = ("x", "y", "z", "lon", "lat")
_NOUNS = {
    "embeddings": "a table of embeddings",
    "map": "a map",
    "properties": "a table of properties",
}


def parts_of(path: Path) -> list[Path]:
    """Return the files of a table or map: itself, or the parts in a folder, sorted by name.

    Raises
    ------
    FileFormatError
        The folder holds none.
    """
    if not path.is_dir():
        return [path]
    parts = sorted(part for part in path.glob("*.parquet") if not part.name.startswith("."))
    if not parts:
        raise FileFormatError(
            f"the folder {path} holds no .parquet part; give a table, a map or a folder of parts"
        )
    return parts


def _document(schema: pa.Schema, path: Path) -> dict[str, Any]:
    raw = (schema.metadata or {}).get(KEY)
    try:
        document = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("kind") not in _NOUNS:
        raise FileFormatError(
            f"{path} is a Parquet file but no table or map of this package; "
            "make one with `extract` or `project`"
        )
    stated = document.get("version")
    if not isinstance(stated, int) or stated > FORMAT_VERSION:
        raise FileFormatError(
            f"{path} has format version {stated!r}, but this installation reads up to "
            f"{FORMAT_VERSION}; update rainmer-analysis"
        )
    return document


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a table or map without reading its rows.

    Raises
    ------
    FileFormatError
        The file is of another kind, damaged or newer.
    """
    first = parts_of(path)[0]
    try:
        schema = pq.read_schema(first)
    except (pa.ArrowInvalid, OSError) as error:
        raise FileFormatError(
            f"{first} cannot be read as Parquet: it is damaged, cut off or of another "
            "kind; make it again or name another file"
        ) from error
    return _document(schema, first)


def _space(document: Mapping[str, Any], path: Path) -> Space:
    stated = document.get("space")
    names = {field.name for field in fields(Space)}
    if not isinstance(stated, dict) or set(stated) != names:
        raise FileFormatError(f"{path} does not state its space in full; make it anew")
    return Space(**{name: str(stated[name]) for name in names})


def _made(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    made = _mapping(document, "parameters", path)
    return made | {
        "encoder": _mapping(document, "encoder", path),
        "seed": document.get("seed"),
        "libraries": document.get("libraries"),
    }


def _mapping(document: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    found = document.get(key) or {}
    if not isinstance(found, dict):
        raise FileFormatError(f"{path} states {key} = {found!r} where names and values are wanted")
    return dict(found)


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what goes wrong in reading rows into one sentence."""
    try:
        yield
    except ParameterError as error:
        raise FileFormatError(f"{path} contradicts itself: {error}") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path} is damaged or cut off; make it anew") from error


def _embeddings(table: pa.Table, document: Mapping[str, Any], path: Path) -> EmbeddingTable:
    rows = label_rows(table.drop_columns(["embedding"]), path)
    found = vectors(table, path)
    return EmbeddingTable(found, rows, _space(document, path), _made(document, path))


def _read_part(path: Path) -> tuple[EmbeddingTable | SphereMap, str]:
    document = read_metadata(path)
    with damage(path):
        table = pq.read_table(path)
        if document["kind"] == "embeddings":
            column_of(table, "embedding", path)
            return _embeddings(table, document, path), "embeddings"
        if document["kind"] != "map":
            raise FileFormatError(f"{path} holds {_NOUNS[document['kind']]}, no table or map")
        points = np.stack([numbers(table, name, path) for name in "xyz"], axis=1)
        rest = [name for name in table.column_names if name not in _COORDINATES]
        rows = label_rows(table.select(rest), path)
        space, fidelity = _space(document, path), _mapping(document, "fidelity", path)
        return SphereMap(points, rows, space, _made(document, path), fidelity), "map"


def part_space(path: Path) -> tuple[Space, int]:
    """Return a part's space and number of rows without reading them.

    Raises
    ------
    FileFormatError
        The part is no table, damaged or newer.
    """
    document = read_metadata(path)
    if document["kind"] != "embeddings":
        raise FileFormatError(
            f"{path} holds {_NOUNS[document['kind']]}, not a table of embeddings; "
            "give a table that 'rainmer-analysis extract' wrote"
        )
    with damage(path):
        return _space(document, path), int(pq.read_metadata(path).num_rows)


def part_dim(path: Path) -> int:
    """Return the number of dimensions of a part's vectors.

    Raises
    ------
    FileFormatError
        The part is damaged, or its vectors are none.
    """
    batch = next(part_columns(path, ["embedding"], size=1), None)
    if batch is None:
        kind = pq.read_schema(path).field("embedding").type
        return int(kind.list_size) if pa.types.is_fixed_size_list(kind) else 0
    return int(vectors(batch, path).shape[1])


def part_columns(path: Path, columns: Sequence[str], *, size: int) -> Iterator[pa.Table]:
    """Read columns of a part, `size` rows at a time; memory does not grow with its rows.

    Raises
    ------
    FileFormatError
        The part is damaged.
    """
    with damage(path), pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        if missing := set(columns) - set(file.schema_arrow.names):
            raise FileFormatError(f"{path} lacks the column {sorted(missing)[0]!r}; make it anew")
        for batch in file.iter_batches(size, columns=list(columns), use_threads=False):
            yield pa.Table.from_batches([batch])


def part_batches(path: Path, *, size: int) -> Iterator[EmbeddingTable]:
    """Read a part as small tables of `size` rows, with the labels and without other columns.

    Raises
    ------
    FileFormatError
        The part is damaged or contradicts itself.
    """
    document = read_metadata(path)
    for batch in part_columns(path, (*LABELS, "embedding"), size=size):
        with damage(path):
            table = _embeddings(batch, document, path)
        yield table


def read_parquet(path: Path) -> EmbeddingTable | SphereMap:
    """Read a table or a map from a file or from a directory of parts.

    Raises
    ------
    FileFormatError
        A part is of another kind, damaged or newer, or parts are of different kinds.
    SpaceError
        Parts lie in different spaces.
    """
    parts = parts_of(path)
    values = {str(part): _read_part(part) for part in parts}
    if len(values) == 1:
        return next(iter(values.values()))[0]
    if {kind for _, kind in values.values()} != {"embeddings"}:
        raise FileFormatError(f"the parts in {path} are not all tables; keep maps in single files")
    tables = {name: table for name, (table, _) in values.items()}
    space = same_space({name: table.space for name, table in tables.items()})
    frame = pd.concat([table.rows.frame for table in tables.values()], ignore_index=True)
    first = next(iter(tables.values()))
    vectors = np.concatenate(
        [table.vectors for table in tables.values() if isinstance(table, EmbeddingTable)]
    )
    made = dict(first.made) if isinstance(first, EmbeddingTable) else {}
    return EmbeddingTable(vectors, Rows(frame), space, made)
