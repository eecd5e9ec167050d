"""What an extraction gives, and whether a folder holds it already."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_analysis.errors import FileFormatError, SourceError, WeightsError
from rainmer_analysis.images import content_hashes
from rainmer_analysis.infer.extraction.output_folder import (
    SKIPPED,
    SKIPPED_COLUMNS,
    read_skipped_list,
    refuse_foreign_skipped_list,
    refuse_tables_of_other_form,
    skipped_digest,
    table_request_digest,
)
from rainmer_analysis.infer.extraction.stream_encoded_images import NO_UNIT
from rainmer_analysis.values import (
    EmbeddingTable,
    Rows,
    Space,
    TableStream,
    companion_digests,
    read,
    up_to_date_or_refuse,
)

__all__ = [
    "Extraction",
    "TablesOnDisk",
    "find_existing_extraction",
    "read_extraction_over_ranks",
    "report_or_refuse_left_out",
]


_log = logging.getLogger(__name__)


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
    refuse_tables_of_other_form(folder, spaces.values(), parts=False, overwrite=overwrite)
    refuse_foreign_skipped_list(folder / SKIPPED, overwrite=overwrite)
    paths = {view: folder / f"{space.stem}.parquet" for view, space in spaces.items()}
    if not any(path.exists() for path in paths.values()):
        return None
    found = [bytes.fromhex(each) for each in content_hashes(rows.cells("path"))]
    stands = [
        up_to_date_or_refuse(
            path,
            table_request_digest(spaces[view], rows, map(bytes.hex, found)),
            overwrite=overwrite,
        )
        for view, path in paths.items()
    ]
    if not (all(stands) and (folder / SKIPPED).exists()):
        return None
    missing = len(rows) - len(TableStream(next(iter(paths.values()))))
    try:
        skipped = _read_skipped_of_encoder(folder, spaces)
    except FileFormatError:  # `refuse_foreign_skipped_list` has seen it: it may be replaced
        return None
    stated = {
        companion_digests(path).get(SKIPPED, skipped_digest(skipped)) for path in paths.values()
    }
    if len(skipped) != missing or stated != {skipped_digest(skipped)}:
        return None  # the list belongs to another run, or is damaged: make it anew
    return Extraction(TablesOnDisk(paths), skipped, paths, up_to_date=True)


def read_extraction_over_ranks(
    folder: Path, spaces: Mapping[str, Space], *, up_to_date: bool
) -> Extraction:
    """Return what several processes have written: a folder of parts per view."""
    paths = {view: folder / space.stem for view, space in spaces.items()}
    skipped = _read_skipped_of_encoder(folder, spaces)
    return Extraction(TablesOnDisk(paths), skipped, paths, up_to_date=up_to_date)


def _read_skipped_of_encoder(folder: Path, spaces: Mapping[str, Space]) -> pd.DataFrame:
    """Return what the list in a folder says of this encoder."""
    listed = read_skipped_list(folder / SKIPPED)
    mine = listed["encoder"] == next(iter(spaces.values())).encoder
    return listed.loc[mine, list(SKIPPED_COLUMNS)].reset_index(drop=True)


def report_or_refuse_left_out(
    skipped: pd.DataFrame, total: int, folder: Path | None, *, strict: bool
) -> None:
    """Say what was left out, as a note or as an error.

    Raises
    ------
    SourceError
        Nothing is left, or something was left out under `strict`.
    WeightsError
        The encoder gave no vector for any image.
    """
    if skipped.empty:
        return
    where = f"; see {folder / SKIPPED}" if folder is not None else ""
    first = f"the first is {skipped['path'].iloc[0]!r}: {skipped['reason'].iloc[0]}"
    if len(skipped) == total:
        if skipped["reason"].str.startswith(NO_UNIT).any():
            raise WeightsError(
                f"the encoder gave no unit vector for any of the images ({first}){where}; its "
                "weights are damaged or too large: give others"
            )
        raise SourceError(f"none of the {total} images could be used ({first}){where}")
    if strict:
        raise SourceError(
            f"{len(skipped)} of {total} images were left out ({first}){where}; "
            "repair or remove them, or do without strict"
        )
    _log.info("%d of %d images were left out (%s)%s", len(skipped), total, first, where)
