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
    ColumnDigests,
    VerifiedColumns,
    demand_same_columns,
    demand_same_row_count,
    embedding_vectors,
    part_files_of,
    stated_digests,
    translate_reading_errors,
)
from rainmer_analysis.values.parquet.parquet_reading import (
    NOUNS,
    arrow_schema_of,
    embedding_table_of,
    open_parquet,
    space_in_document,
    verified_metadata_of,
)

__all__ = [
    "iter_part_batches",
    "iter_part_columns",
    "part_dim",
    "part_space_and_row_count",
    "verify_checksums",
]

_CHECKED = VerifiedColumns()


def verify_checksums(path: Path) -> None:
    """Make sure that a file or all parts of a folder hold what was written.

    Raises FileFormatError: one of them is damaged, missing, of another kind or newer.
    """
    for part in part_files_of(path):
        with open_parquet(part) as file:
            verified_metadata_of(file, part.path)
            names = arrow_schema_of(file, part.path).names
        for _ in iter_part_columns(part, names, size=1 << 10):
            pass


def part_space_and_row_count(part: CommittedFile) -> tuple[Space, int]:
    """Return a part's space and number of rows without reading them.

    Raises FileFormatError: the part is no table, damaged or newer.
    """
    with open_parquet(part) as file:
        document, metadata = verified_metadata_of(file, part.path), file.metadata
    if document["kind"] != "embeddings":
        raise FileFormatError(
            f"{part.path} holds {NOUNS[document['kind']]}, not a table of embeddings; "
            "give a table that 'rainmer-analysis extract' wrote"
        )
    demand_same_row_count(stated_digests(metadata, part.path), metadata.num_rows, part.path)
    return space_in_document(document, part.path), int(metadata.num_rows)


def part_dim(part: CommittedFile) -> int:
    """Return the number of dimensions of a part's vectors.

    Raises FileFormatError: the part is damaged, or its vectors are none.
    """
    batch = next(iter_part_columns(part, ["embedding"], size=1), None)
    if batch is None:
        with open_parquet(part) as file:
            kind = arrow_schema_of(file, part.path).field("embedding").type
        return int(kind.list_size) if pa.types.is_fixed_size_list(kind) else 0
    return int(embedding_vectors(batch, part.path).shape[1])


def iter_part_columns(
    part: CommittedFile, columns: Sequence[str], *, size: int
) -> Iterator[pa.Table]:
    """Read columns of a part, `size` rows at a time; memory does not grow with its rows.

    Raises FileFormatError: the part is damaged.
    """
    path, wanted, sums = part.path, set(columns), ColumnDigests()
    with translate_reading_errors(path), part.open() as raw:
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
                demand_same_columns(stated_digests(file.metadata, path), sums, path)
                _CHECKED.add(raw, wanted)


def iter_part_batches(part: CommittedFile, *, size: int) -> Iterator[EmbeddingTable]:
    """Read a part as small tables of `size` rows, with the labels and without other columns.

    Raises FileFormatError: the part is damaged or contradicts itself.
    """
    with open_parquet(part) as file:
        document = verified_metadata_of(file, part.path)
    for batch in iter_part_columns(part, (*LABELS, "embedding"), size=size):
        with translate_reading_errors(part.path):
            table = embedding_table_of(batch, document, part.path)
        yield table
