"""Tables in pieces: read some thousand rows at a time, and checked as they pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk import CommittedFile
from rainmer_analysis.values.immutable import LABELS, EmbeddingTable, Space
from rainmer_analysis.values.parquet.format import (
    Checked,
    ColumnSums,
    demand_count,
    demand_rows,
    parts_of,
    reading_errors,
    stated_sums,
    vectors,
)
from rainmer_analysis.values.parquet.parquet_reading import (
    NOUNS,
    document_of,
    embeddings_of,
    open_parquet,
    schema_of,
    space_of,
)

__all__ = ["part_batches", "part_columns", "part_dim", "part_space", "verify_checksums"]

_CHECKED = Checked()


def verify_checksums(path: Path) -> None:
    """Make sure that a file or all parts of a folder hold what was written.

    Raises
    ------
    FileFormatError
        One of them is damaged, missing, of another kind or newer.
    """
    for part in parts_of(path):
        with open_parquet(part) as file:
            document_of(file, part.path)
            names = schema_of(file, part.path).names
        for _ in part_columns(part, names, size=1 << 10):
            pass


def part_space(part: CommittedFile) -> tuple[Space, int]:
    """Return a part's space and number of rows without reading them.

    Raises
    ------
    FileFormatError
        The part is no table, damaged or newer.
    """
    with open_parquet(part) as file:
        document, metadata = document_of(file, part.path), file.metadata
    if document["kind"] != "embeddings":
        raise FileFormatError(
            f"{part.path} holds {NOUNS[document['kind']]}, not a table of embeddings; "
            "give a table that 'rainmer-analysis extract' wrote"
        )
    demand_count(stated_sums(metadata, part.path), metadata.num_rows, part.path)
    return space_of(document, part.path), int(metadata.num_rows)


def part_dim(part: CommittedFile) -> int:
    """Return the number of dimensions of a part's vectors.

    Raises
    ------
    FileFormatError
        The part is damaged, or its vectors are none.
    """
    batch = next(part_columns(part, ["embedding"], size=1), None)
    if batch is None:
        with open_parquet(part) as file:
            kind = schema_of(file, part.path).field("embedding").type
        return int(kind.list_size) if pa.types.is_fixed_size_list(kind) else 0
    return int(vectors(batch, part.path).shape[1])


def part_columns(part: CommittedFile, columns: Sequence[str], *, size: int) -> Iterator[pa.Table]:
    """Read columns of a part, `size` rows at a time; memory does not grow with its rows.

    Raises
    ------
    FileFormatError
        The part is damaged.
    """
    path, wanted, sums = part.path, set(columns), ColumnSums()
    with reading_errors(path), part.open() as raw:
        new = _CHECKED.lacks(raw, wanted)
        with pq.ParquetFile(
            raw, buffer_size=1 << 20, pre_buffer=False, page_checksum_verification=new
        ) as file:
            if missing := wanted - set(file.schema_arrow.names):
                msg = f"{path} lacks the column {sorted(missing)[0]!r}; make it anew"
                raise FileFormatError(msg)
            for batch in file.iter_batches(size, columns=list(columns), use_threads=False):
                table = pa.Table.from_batches([batch])
                if new:
                    sums.add(table)
                yield table
            if new:
                demand_rows(stated_sums(file.metadata, path), sums, path)
                _CHECKED.add(raw, wanted)


def part_batches(part: CommittedFile, *, size: int) -> Iterator[EmbeddingTable]:
    """Read a part as small tables of `size` rows, with the labels and without other columns.

    Raises
    ------
    FileFormatError
        The part is damaged or contradicts itself.
    """
    with open_parquet(part) as file:
        document = document_of(file, part.path)
    for batch in part_columns(part, (*LABELS, "embedding"), size=size):
        with reading_errors(part.path):
            table = embeddings_of(batch, document, part.path)
        yield table
