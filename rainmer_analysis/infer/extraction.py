"""What an extraction gives, and whether a folder holds it already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.infer.outputs import (
    SKIPPED,
    SKIPPED_COLUMNS,
    check_no_other_form,
    check_skipped,
    read_skipped,
    skipped_sum,
    table_request,
)
from rainmer_analysis.infer.stream import content_hashes
from rainmer_analysis.values import (
    EmbeddingTable,
    Rows,
    Space,
    TableStream,
    beside,
    is_up_to_date,
    read,
)

__all__ = ["Extraction", "TablesOnDisk", "find_existing_extraction"]


@dataclass(frozen=True, eq=False)
class Extraction(Mapping[str, EmbeddingTable]):
    """What an extraction gave: a mapping of views to tables that also knows its files.

    Parameters
    ----------
    tables
        One table per view, rows in the order of the image set; those on disk are read when they
        are asked for.
    skipped
        Images left out: ``image_id, dataset, path, reason``.
    paths
        The file of each view; empty where nothing was written.
    up_to_date
        Whether the files answered the identical request already.
    accounts
        By dataset, what became of all files that lie in its folder; empty where images were given.
    """

    tables: Mapping[str, EmbeddingTable]
    skipped: pd.DataFrame
    paths: Mapping[str, Path]
    up_to_date: bool = False
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __getitem__(self, view: str) -> EmbeddingTable:
        return self.tables[view]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


class TablesOnDisk(Mapping[str, EmbeddingTable]):
    """Tables by view, each read when it is asked for, and once."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)
        self._read: dict[str, EmbeddingTable] = {}

    def __getitem__(self, view: str) -> EmbeddingTable:
        if view not in self._read:
            table = read(self._paths[view])
            assert isinstance(table, EmbeddingTable)
            self._read[view] = table
        return self._read[view]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def find_existing_extraction(
    folder: Path, spaces: Mapping[str, Space], rows: Rows, *, overwrite: bool
) -> Extraction | None:
    """Return what stands in the folder if it answers the identical request."""
    check_no_other_form(folder, spaces.values(), parts=False, overwrite=overwrite)
    check_skipped(folder / SKIPPED, overwrite=overwrite)
    paths = {view: folder / f"{space.stem}.parquet" for view, space in spaces.items()}
    if not any(path.exists() for path in paths.values()):
        return None
    found = [bytes.fromhex(each) for each in content_hashes(rows)]
    stands = [
        is_up_to_date(
            path, table_request(spaces[view], rows, map(bytes.hex, found)), overwrite=overwrite
        )
        for view, path in paths.items()
    ]
    if not (all(stands) and (folder / SKIPPED).exists()):
        return None
    missing = len(rows) - len(TableStream(next(iter(paths.values()))))
    try:
        listed = read_skipped(folder / SKIPPED)
    except FileFormatError:  # `check_skipped` has seen it: it may be replaced
        return None
    mine = listed["encoder"] == next(iter(spaces.values())).encoder
    skipped = listed.loc[mine, list(SKIPPED_COLUMNS)].reset_index(drop=True)
    stated = {beside(path).get(SKIPPED, skipped_sum(skipped)) for path in paths.values()}
    if len(skipped) != missing or stated != {skipped_sum(skipped)}:
        return None  # the list belongs to another run, or is damaged: make it anew
    return Extraction(TablesOnDisk(paths), skipped, paths, up_to_date=True)
