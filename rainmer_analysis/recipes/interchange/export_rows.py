"""A table, a map or both as one Parquet file for viewers such as embedding-atlas.

Columns follow the rules that embedding-atlas documents: coordinates are columns of numbers, a
vector is a list, a picture is a record of ``bytes`` and ``path``, and neighbours are a record of
``ids`` (row numbers from 0) and ``distances``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError, OutputExistsError, ParameterError
from rainmer_analysis.numerics import nearest_neighbours
from rainmer_analysis.recipes.report.table_thumbnails import thumbnails_of_rows
from rainmer_analysis.values import (
    EmbeddingTable,
    Rows,
    SphereMap,
    checked_suffix,
    digest,
    read,
    write_atomically,
)

__all__ = ["ExportOptions", "Exported", "export"]

Progress = Callable[[int, int], None] | None
_KEY = b"rainmer_analysis.export"
_VERSION = 1


@dataclass(frozen=True)
class ExportOptions:
    """What an exported file holds beside labels, vectors and coordinates.

    Parameters
    ----------
    thumbnails
        Whether small pictures of the images, which are read from where the table says they lie.
    neighbors
        How many nearest images of each; 0 for none.
    """

    thumbnails: bool = False
    neighbors: int = 0


@dataclass(frozen=True)
class Exported:
    """A file for other programs.

    Parameters
    ----------
    path
        Where it lies.
    rows
        Number of images.
    columns
        Names in order.
    notes
        Sentences about what is missing.
    up_to_date
        Whether the file was there already.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    up_to_date: bool

    @property
    def atlas_command(self) -> str:
        """The command that opens it in embedding-atlas."""
        options = {
            "lon": " --x lon --y lat",
            "thumbnail": " --image thumbnail",
            "neighbors": " --neighbors neighbors",
        }
        shown = "".join(option for name, option in options.items() if name in self.columns)
        vectors = "" if "lon" in self.columns else " --vector embedding"
        return f"embedding-atlas {self.path}{shown}{vectors}"


def export(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    options: ExportOptions | None = None,
    overwrite: bool = False,
    progress: Progress = None,
) -> Exported:
    """Write a table, a map, or one of each as one Parquet file.

    Of both, the images that both hold are written, in the order of the first.

    Raises
    ------
    ParameterError
        More sources came, two of one kind, or they share no image.
    OutputExistsError
        Something else lies at `out`.
    """
    chosen, target = options or ExportOptions(), Path(out)
    checked_suffix(target, "rows", ".parquet")
    values = _take_shared_images([_read_table_or_map(path) for path in sources])
    request = digest(["export", _VERSION, [each.content_sha256 for each in values], vars(chosen)])
    if _is_up_to_date(target, request, overwrite=overwrite):
        schema = pq.read_schema(target)
        return Exported(target, len(values[0]), tuple(schema.names), (), up_to_date=True)
    columns, notes = _exported_columns_and_notes(values, chosen, progress)
    table = pa.table(columns).replace_schema_metadata(
        {_KEY: json.dumps({"request": request, "version": _VERSION}).encode()}
    )
    write_atomically(target, lambda temporary: pq.write_table(table, temporary, compression="zstd"))
    return Exported(target, len(table), tuple(table.column_names), tuple(notes), up_to_date=False)


def _read_table_or_map(path: str | Path) -> EmbeddingTable | SphereMap:
    value = read(path)
    if not isinstance(value, EmbeddingTable | SphereMap):
        raise ParameterError(
            f"{path} holds neither a table nor a map; give what 'rainmer-analysis extract' or "
            "'project' wrote"
        )
    return value


def _take_shared_images(
    values: Sequence[EmbeddingTable | SphereMap],
) -> list[EmbeddingTable | SphereMap]:
    """Return the values over the images that all of them hold, in the order of the first."""
    kinds = {type(value) for value in values}
    if not values or len(kinds) < len(values):
        raise ParameterError(
            f"{len(values)} tables and maps came; give one table, one map, or one of each"
        )
    shared = pd.Index(values[0].rows.column("image_id"))
    for value in values[1:]:
        shared = shared[shared.isin(value.rows.column("image_id"))]
    if not len(shared):
        raise ParameterError("the table and the map share no image; give those of the same images")
    found: list[EmbeddingTable | SphereMap] = []
    for value in values:
        places = pd.Index(value.rows.column("image_id")).get_indexer(shared)
        if isinstance(value, EmbeddingTable):
            found.append(value.take(places))
        else:
            taken = value.points[places], value.rows.take(places)
            found.append(SphereMap(*taken, value.space, value.parameters, value.fidelity))
    return found


def _exported_columns_and_notes(
    values: Sequence[EmbeddingTable | SphereMap], options: ExportOptions, progress: Progress
) -> tuple[dict[str, pa.Array], list[str]]:
    rows = values[0].rows
    notes: list[str] = []
    columns = {name: pa.array(rows.frame[name], from_pandas=True) for name in rows.frame.columns}
    for value in values:
        if isinstance(value, EmbeddingTable):
            columns["embedding"] = pa.array(list(value.vectors), type=pa.list_(pa.float32()))
        else:
            for index, name in enumerate("xyz"):
                columns[name] = pa.array(value.points[:, index].astype(np.float64))
            columns["lon"], columns["lat"] = pa.array(value.lon), pa.array(value.lat)
    if options.neighbors:
        columns["neighbors"] = _neighbor_records(values, options.neighbors)
    if options.thumbnails:
        columns["thumbnail"], notes = _thumbnail_records_and_notes(rows, progress)
    return columns, notes


def _neighbor_records(values: Sequence[EmbeddingTable | SphereMap], count: int) -> pa.Array:
    """Return each image's nearest others: by vectors where they are there, else on the map."""
    table = next((each for each in values if isinstance(each, EmbeddingTable)), None)
    vectors = values[0].points if table is None else table.vectors  # type: ignore[union-attr]
    found = nearest_neighbours(vectors, min(count, len(vectors) - 1))
    records = []
    for ids, distances in zip(found.indices, found.distances, strict=True):
        known = ids >= 0
        records.append({"ids": ids[known].tolist(), "distances": distances[known].tolist()})
    kind = {"ids": pa.list_(pa.int64()), "distances": pa.list_(pa.float64())}
    return pa.array(records, type=pa.struct(list(kind.items())))


def _thumbnail_records_and_notes(rows: Rows, progress: Progress) -> tuple[pa.Array, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        made = thumbnails_of_rows(rows, Path(folder), progress)
    names = [f"{name}.webp" for name in rows.cells("image_id")]
    records: list[Any] = [
        None if data is None else {"bytes": data, "path": name}
        for data, name in zip(made.data, names, strict=True)
    ]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array(records, type=kind), list(made.notes)


def _is_up_to_date(path: Path, request: str, *, overwrite: bool) -> bool:
    if not path.exists():
        return False
    try:
        stated = json.loads((pq.read_schema(path).metadata or {}).get(_KEY, b"{}"))
    except (pa.ArrowException, OSError, ValueError, FileFormatError):
        stated = {}
    if not overwrite and isinstance(stated, dict) and stated.get("request") == request:
        return True
    if overwrite and not path.is_dir():
        return False
    raise OutputExistsError.at(path)
