"""Writing tables and maps as Parquet, with what made them in the file's metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.values.immutable import EmbeddingTable, Rows, SphereMap
from rainmer_analysis.values.parquet.format import (
    FORMAT_VERSION,
    KEY,
    SUMS,
    TEXT,
    ColumnDigests,
    digests_json,
    document_digest,
)
from rainmer_analysis.values.request_digest import to_json_types

__all__ = [
    "label_columns",
    "library_versions",
    "write_parquet",
    "write_parquet_batches",
    "write_plain_columns",
]

_LIBRARIES = ("rainmer-analysis", "numpy", "torch", "umap-learn", "scikit-learn", "pillow")
_ROW_GROUP = 1 << 10  # rows that a reader has to hold at once
# Only labels repeat. A dictionary of vectors would hold every number, and make files half as large
# again; their bytes in planes compress instead.
_PLAIN: Mapping[str, Any] = {"compression": "zstd", "write_page_checksum": True}
_WRITING: Mapping[str, Any] = {
    **_PLAIN,
    "use_dictionary": ["dataset", "group", "split", "region", "target"],
    "column_encoding": {"embedding.list.element": "BYTE_STREAM_SPLIT"},
}


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that shape results, where installed."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _metadata_document(value: EmbeddingTable | SphereMap, request: str | None) -> dict[str, Any]:
    made = dict(value.made) if isinstance(value, EmbeddingTable) else dict(value.parameters)
    space = asdict(value.space)
    document = {
        "kind": "embeddings" if isinstance(value, EmbeddingTable) else "map",
        "version": FORMAT_VERSION,
        "space": space,
        "encoder": made.pop("encoder", {"name": value.space.encoder})
        | {"sha256": value.space.weights_sha256},
        "preprocessing": value.space.preprocessing,
        "precision": value.space.precision,
        "seed": made.pop("seed", None),
        "libraries": made.pop("libraries", None) or library_versions(),
        "parameters": made,
    }
    if isinstance(value, SphereMap):
        document["fidelity"] = dict(value.fidelity)
    if request is not None:
        document["request"] = request
    return document


def label_columns(rows: Rows) -> dict[str, Any]:
    """Return the columns of a label frame as Arrow arrays, by name."""
    frame = rows.frame
    columns: dict[str, Any] = {}
    for name in frame.columns:
        if name in TEXT:
            cells = [None if pd.isna(cell) else str(cell) for cell in frame[name]]
            columns[name] = pa.array(cells, type=pa.string())
        else:
            columns[name] = pa.array(frame[name], from_pandas=True)
    return columns


def _to_arrow_table(value: EmbeddingTable | SphereMap) -> pa.Table:
    columns = label_columns(value.rows)
    if isinstance(value, EmbeddingTable):
        flat = pa.array(value.vectors.reshape(-1), type=pa.float32())
        columns["embedding"] = pa.FixedSizeListArray.from_arrays(flat, value.dim)
    else:
        for index, name in enumerate("xyz"):
            columns[name] = pa.array(value.points[:, index].astype(np.float64))
        columns["lon"], columns["lat"] = pa.array(value.lon), pa.array(value.lat)
    return pa.table(columns)


def write_parquet(value: EmbeddingTable | SphereMap, path: Path, request: str | None) -> None:
    """Write a table or a map to `path` (not atomic by itself: see `archive.write`)."""
    _write_row_groups([_with_metadata(value, request)], path, _WRITING, beside={})


def write_plain_columns(columns: pa.Table, document: Mapping[str, Any], path: Path) -> None:
    """Write a table of other columns, with its document and checksums, to `path`."""
    _write_row_groups([_with_document(columns, document)], path, _PLAIN, beside={})


def _with_metadata(value: EmbeddingTable | SphereMap, request: str | None) -> pa.Table:
    return _with_document(_to_arrow_table(value), _metadata_document(value, request))


def _with_document(columns: pa.Table, document: Mapping[str, Any]) -> pa.Table:
    text = json.dumps(to_json_types(document), ensure_ascii=False, allow_nan=False)
    return columns.replace_schema_metadata({KEY: text.encode("utf-8")})


def write_parquet_batches(
    batches: Iterable[EmbeddingTable],
    path: Path,
    request: str | None,
    *,
    beside: Mapping[str, str] | None = None,
) -> None:
    """Write the rows of small tables with the same columns, one behind the other, to `path`.

    Memory does not grow with the rows; the file is the one that `write_parquet` makes of the whole.
    `beside` holds digests of what is written together with it, by name.
    """
    groups = _row_groups(_with_metadata(batch, request) for batch in batches)
    _write_row_groups(groups, path, _WRITING, beside=beside or {})


def _write_row_groups(
    groups: Iterable[pa.Table], path: Path, options: Mapping[str, Any], *, beside: Mapping[str, str]
) -> None:
    """Write row groups, and behind them the checksums of all rows."""
    sums, writer = ColumnDigests(), None
    try:
        for group in groups:
            if writer is None:
                schema = group.schema
                writer = pq.ParquetWriter(path, schema, **options)
            sums.add(group)
            writer.write_table(group, row_group_size=_ROW_GROUP)
            pa.default_memory_pool().release_unused()
        if writer is not None:
            document = document_digest(json.loads(schema.metadata[KEY]), schema.names)
            writer.add_key_value_metadata({SUMS: digests_json(sums, document, beside).encode()})
    finally:
        if writer is not None:
            writer.close()


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put tables together, or cut them, to row groups."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROW_GROUP:
            whole = pa.concat_tables(waiting)
            full = len(whole) // _ROW_GROUP * _ROW_GROUP
            yield whole.slice(0, full)
            waiting = [whole.slice(full)]
    if waiting and sum(map(len, waiting)):
        yield pa.concat_tables(waiting)
