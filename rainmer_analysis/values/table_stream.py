"""Tables that need not fit into memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.immutable import BATCH, LABELS, EmbeddingTable, common_space
from rainmer_analysis.values.parquet import (
    check_same_width,
    iter_part_batches,
    iter_part_columns,
    part_dim,
    part_files_of,
    part_space_and_row_count,
)
from rainmer_analysis.values.read_and_write import checked_path_of_kind
from rainmer_analysis.values.request_digest import digest

__all__ = ["TableStream"]


class TableStream:
    """A table on disk, a file or a folder of parts, that is read some thousand rows at a time.

    It has what `EmbeddingTable` has for streaming: `space`, `batches`, `content_sha256` and a
    length. Of each row 16 bytes stay in memory while batches are read, to find an image that comes
    twice.

    Parameters
    ----------
    path
        A Parquet file or a folder of parts; parts follow each other by name.

    Raises
    ------
    FileFormatError
        Something there is no table, damaged or newer.
    SpaceError
        Parts lie in different spaces.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = checked_path_of_kind(path, EmbeddingTable)
        self._parts = part_files_of(self.path)
        found = {str(part.path): part_space_and_row_count(part) for part in self._parts}
        self.space = common_space({name: space for name, (space, _) in found.items()})
        self._length = sum(rows for _, rows in found.values())

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of rows of each dataset, in the order of their first rows."""
        return dict(Counter(self._iter_cells("dataset")))

    @cached_property
    def dim(self) -> int:
        """Number of dimensions of the vectors."""
        return part_dim(self._parts[0])

    def __len__(self) -> int:
        return self._length

    def batches(self, size: int = BATCH) -> Iterator[EmbeddingTable]:
        """Read the rows as small tables with the label columns alone, in order.

        Raises FileFormatError: a part is damaged, or an image stands in two places.
        """
        seen: list[np.ndarray] = []
        for part in self._parts:
            for batch in iter_part_batches(part, size=size):
                check_same_width({str(self._parts[0].path): self.dim, str(part.path): batch.dim})
                seen.append(_image_id_hashes(batch))
                yield batch
        self._check_unique_hashes(seen)

    def label_batches(self, *names: str) -> Iterator[tuple[list[str], ...]]:
        """Read label columns alone, some thousand rows at a time: one list for each name.

        Raises FileFormatError: a part is damaged, or lacks a column.
        """
        for part in self._parts:
            for table in iter_part_columns(part, names, size=BATCH):
                yield tuple(table.column(name).to_pylist() for name in names)

    @cached_property
    def content_sha256(self) -> str:
        """Identity of vectors, labels and space: the same as that of the table in memory."""
        labels = {name: self._iter_cells(name) for name in LABELS}
        return digest((self._vectors_sha256(), labels, self.space))

    def _vectors_sha256(self) -> str:
        hasher = hashlib.sha256()
        for number, batch in enumerate(self.batches()):
            if number == 0:
                hasher.update(f"<f4{(len(self), batch.dim)}".encode())
            hasher.update(batch.vectors.astype("<f4").tobytes())
        return hasher.hexdigest()

    def _iter_cells(self, name: str) -> Iterator[str]:
        """Return a label column cell by cell; some thousand are in memory."""
        for (cells,) in self.label_batches(name):
            yield from cells

    def _check_unique_hashes(self, seen: list[np.ndarray]) -> None:
        prints = np.concatenate(seen) if seen else np.zeros((0, 2), np.uint64)
        order = np.lexsort(prints.T)
        if (prints[order[1:]] == prints[order[:-1]]).all(axis=1).any():
            raise FileFormatError(
                f"an image_id occurs more than once in {self.path}; "
                "every image may stand in a table only once"
            )


def _image_id_hashes(batch: EmbeddingTable) -> np.ndarray:
    """Hash each image_id to 128 bits, shape (n, 2)."""
    names = batch.rows.column("image_id").astype(object)
    keys = ("rainmer-analysis", "embedding-tables")
    return np.stack(
        [pd.util.hash_array(names, hash_key=key, categorize=False) for key in keys], axis=1
    )
