"""Whether a file holds what it held when it was written."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.values.parquet.format.column_checksums import SUMS, ColumnDigests

__all__ = [
    "VerifiedColumns",
    "demand_same_columns",
    "demand_same_document",
    "demand_same_row_count",
    "stated_digests",
    "translate_reading_errors",
]

_log = logging.getLogger(__name__)


@contextmanager
def translate_reading_errors(path: Path) -> Iterator[None]:
    """Turn what goes wrong in reading rows into one sentence."""
    try:
        yield
    except ParameterError as error:
        raise FileFormatError(f"{path} contradicts itself: {error}") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as error:
        raise FileFormatError(f"{path} is damaged or cut off; make it anew") from error


def stated_digests(metadata: pq.FileMetaData, path: Path) -> dict[str, Any] | None:
    """Return the digests that a file states, or None where it was written without.

    They stand beside the schema and not in it, so that a program which writes the rows anew does
    not take them along.

    Raises FileFormatError: they have been damaged.
    """
    raw = (metadata.metadata or {}).get(SUMS)
    if raw is None:
        _log_once(str(path), "holds no checksums, so that damage to it may go unseen")
        return None
    try:
        stated = json.loads(raw)
        whole = isinstance(stated["columns"], dict) and isinstance(stated["rows"], int)
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise _damaged_file_error(path, "the list of its checksums differs")
    return dict(stated)


def demand_same_document(stated: Mapping[str, Any] | None, found: str, path: Path) -> None:
    """Make sure that the document and the columns' names are those that were written."""
    if stated is not None and stated.get("document") != found:
        raise _damaged_file_error(path, "its metadata differ")


def demand_same_row_count(stated: Mapping[str, Any] | None, rows: int, path: Path) -> None:
    """Make sure that there are as many rows as were written."""
    if stated is not None and rows != stated["rows"]:
        raise _damaged_file_error(path, f"the number of its rows, {rows}, differs")


def demand_same_columns(stated: Mapping[str, Any] | None, sums: ColumnDigests, path: Path) -> None:
    """Make sure that these columns, read whole, are those that were written."""
    demand_same_row_count(stated, sums.rows, path)
    if stated is None:
        return
    for name, found in sums.hexdigests().items():
        if stated["columns"].get(name) != found:
            raise _damaged_file_error(path, f"its column {name!r} differs")


def _damaged_file_error(path: Path, what: str) -> FileFormatError:
    return FileFormatError(
        f"{path} is damaged: {what} from what was written, as after a failure of the disk "
        "or of a copy; copy it again or make it anew"
    )


@lru_cache(maxsize=1024)
def _log_once(path: str, text: str) -> None:
    """Say it once."""
    _log.info("%s %s", path, text)


class VerifiedColumns:
    """Which columns of which files have been read whole and found to be as they were written.

    A file counts as the same while its place, size and times do.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], set[str]] = {}

    def lacks(self, file: BinaryIO, columns: set[str]) -> bool:
        """Say whether one of the columns has not been checked."""
        return not columns <= self._known.get(_file_identity(file), set())

    def add(self, file: BinaryIO, columns: set[str]) -> None:
        """Note that columns have been checked."""
        if len(self._known) > 10_000:
            self._known.clear()
        self._known.setdefault(_file_identity(file), set()).update(columns)


def _file_identity(file: BinaryIO) -> tuple[int, ...]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
