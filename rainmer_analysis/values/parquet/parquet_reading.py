"""Reading tables and maps from Parquet files, whole or in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk import CommittedFile, demand_known_version
from rainmer_analysis.values.immutable import EmbeddingTable, Rows, Space, SphereMap, common_space
from rainmer_analysis.values.parquet.format import (
    FORMAT_VERSION,
    KEY,
    ColumnDigests,
    demand_same_columns,
    demand_same_document,
    document_digest,
    embedding_vectors,
    label_rows,
    number_column,
    only_column_named,
    part_files_of,
    stated_digests,
    translate_reading_errors,
)

__all__ = [
    "NOUNS",
    "arrow_schema_of",
    "check_same_width",
    "companion_digests",
    "embedding_table_of",
    "open_parquet",
    "provenance_in_document",
    "read_metadata",
    "read_parquet",
    "read_verified_table",
    "space_in_document",
    "verified_metadata_of",
]

_COORDINATES = ("x", "y", "z", "lon", "lat")
NOUNS = {
    "embeddings": "a table of embeddings",
    "map": "a map",
    "properties": "a table of properties",
}
"""How messages speak of a kind of file."""


def _parse_metadata(schema: pa.Schema, path: Path) -> dict[str, Any]:
    raw = (schema.metadata or {}).get(KEY)
    try:
        document = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("kind") not in NOUNS:
        raise FileFormatError(
            f"{path} is a Parquet file but no table or map of this package; "
            "make one with `extract` or `project`"
        )
    demand_known_version(document, FORMAT_VERSION, path)
    return document


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a table or map without reading its rows.

    Raises FileFormatError: the file is of another kind, damaged or newer.
    """
    first = part_files_of(path)[0]
    with open_parquet(first) as file:
        return verified_metadata_of(file, first.path)


@contextmanager
def open_parquet(part: CommittedFile, **options: Any) -> Iterator[pq.ParquetFile]:
    """Open a part as Parquet.

    Raises FileFormatError: it cannot be, or another file has taken its place since it was opened
    first.
    """
    try:
        raw = part.open()
    except OSError as error:
        raise _unreadable_error(part.path) from error
    with raw:
        try:
            file = pq.ParquetFile(raw, **options)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _unreadable_error(part.path) from error
        yield file


def _unreadable_error(path: Path) -> FileFormatError:
    return FileFormatError(
        f"{path} cannot be read as Parquet: it is damaged, cut off or of another "
        "kind; make it again or name another file"
    )


def verified_metadata_of(file: pq.ParquetFile, path: Path) -> dict[str, Any]:
    """Return the document in a file's metadata.

    Raises FileFormatError: the file is of another kind, damaged or newer.
    """
    schema = arrow_schema_of(file, path)
    document = _parse_metadata(schema, path)
    sums = stated_digests(file.metadata, path)
    demand_same_document(sums, document_digest(document, schema.names), path)
    return document


def arrow_schema_of(file: pq.ParquetFile, path: Path) -> pa.Schema:
    """Return a file's columns and metadata.

    Raises FileFormatError: they are damaged.
    """
    try:
        return file.metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable_error(path) from error


def companion_digests(path: Path) -> dict[str, str]:
    """Return the digests of what was written together with a table, by name."""
    first = part_files_of(path)[0]
    with open_parquet(first) as file:
        sums = stated_digests(file.metadata, first.path)
    found = (sums or {}).get("beside")
    return found if isinstance(found, dict) else {}


def read_verified_table(file: pq.ParquetFile, path: Path) -> pa.Table:
    """Read all rows of a file, and make sure that they are those that were written."""
    table, sums = file.read(), ColumnDigests()
    sums.add(table)
    demand_same_columns(stated_digests(file.metadata, path), sums, path)
    return table


def space_in_document(document: Mapping[str, Any], path: Path) -> Space:
    """Return the space that a document states."""
    stated = document.get("space")
    names = {field.name for field in fields(Space)}
    if not isinstance(stated, dict) or set(stated) != names:
        raise FileFormatError(f"{path} does not state its space in full; make it anew")
    return Space(**{name: str(stated[name]) for name in names})


def provenance_in_document(
    document: Mapping[str, Any], path: Path, *, encoder: bool = False
) -> dict[str, Any]:
    """Return what a document says of how its values were made, and by which encoder."""
    made = _mapping_entry(document, "parameters", path)
    if encoder:
        made["encoder"] = _mapping_entry(document, "encoder", path)
    return made | {"seed": document.get("seed"), "libraries": document.get("libraries")}


def _mapping_entry(document: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    found = document.get(key) or {}
    if not isinstance(found, dict):
        raise FileFormatError(f"{path} states {key} = {found!r} where names and values are wanted")
    return dict(found)


def embedding_table_of(table: pa.Table, document: Mapping[str, Any], path: Path) -> EmbeddingTable:
    """Return the embeddings that columns hold."""
    rows = label_rows(table.drop_columns(["embedding"]), path)
    found = embedding_vectors(table, path)
    return EmbeddingTable(
        found,
        rows,
        space_in_document(document, path),
        provenance_in_document(document, path, encoder=True),
    )


def _read_part(part: CommittedFile) -> tuple[EmbeddingTable | SphereMap, str]:
    path = part.path
    with open_parquet(part, page_checksum_verification=True) as file:
        document = verified_metadata_of(file, path)
        with translate_reading_errors(path):
            table = read_verified_table(file, path)
            if document["kind"] == "embeddings":
                only_column_named(table, "embedding", path)
                return embedding_table_of(table, document, path), "embeddings"
            if document["kind"] != "map":
                raise FileFormatError(f"{path} holds {NOUNS[document['kind']]}, no table or map")
            return _sphere_map_of(table, document, path), "map"


def _sphere_map_of(table: pa.Table, document: Mapping[str, Any], path: Path) -> SphereMap:
    points = np.stack([number_column(table, name, path) for name in "xyz"], axis=1)
    rest = [name for name in table.column_names if name not in _COORDINATES]
    rows, space = label_rows(table.select(rest), path), space_in_document(document, path)
    made, fidelity = (
        provenance_in_document(document, path, encoder=True),
        _mapping_entry(document, "fidelity", path),
    )
    return SphereMap(points, rows, space, made, fidelity)


def check_same_width(widths: Mapping[str, int]) -> None:
    """Make sure that the vectors of all parts have one length.

    Raises FileFormatError: they have not.
    """
    (first, width), *others = widths.items()
    for name, other in others:
        if other != width:
            raise FileFormatError(
                f"{first} holds vectors of {width} dimensions and {name} of {other}, but parts of "
                "one table have the same; move one of them to another folder"
            )


def read_parquet(path: Path) -> EmbeddingTable | SphereMap:
    """Read a table or a map from a file or from a directory of parts.

    Raises FileFormatError: a part is of another kind, damaged or newer, or parts are of different
    kinds; SpaceError: parts lie in different spaces.
    """
    parts = part_files_of(path)
    values = {str(part.path): _read_part(part) for part in parts}
    if len(values) == 1:
        return next(iter(values.values()))[0]
    if {kind for _, kind in values.values()} != {"embeddings"}:
        raise FileFormatError(f"the parts in {path} are not all tables; keep maps in single files")
    tables = {name: table for name, (table, _) in values.items()}
    space = common_space({name: table.space for name, table in tables.items()})
    found = [table for table in tables.values() if isinstance(table, EmbeddingTable)]
    check_same_width({name: each.dim for name, each in zip(tables, found, strict=True)})
    frame = pd.concat([table.rows.frame for table in tables.values()], ignore_index=True)
    vectors = np.concatenate([each.vectors for each in found])
    return EmbeddingTable(vectors, Rows(frame), space, dict(found[0].made))
