"""The files of an extraction: what a request is, which of them stand already, what was left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.values import Space, digest, write_atomically

__all__ = [
    "COLUMNS",
    "SKIPPED",
    "SKIPPED_COLUMNS",
    "check_skipped",
    "read_skipped",
    "request",
    "work_key",
    "write_skipped",
]

SKIPPED = "skipped.csv"
SKIPPED_COLUMNS = ("image_id", "dataset", "path", "reason")
_LISTED = (*SKIPPED_COLUMNS, "encoder")
COLUMNS = ("image_id", "dataset", "group", "split", "target", "path")
"""Columns of the image set that a table keeps."""
_LABELS = ("image_id", "dataset", "group", "split", "region")
_EMPTY = pd.DataFrame(columns=list(_LISTED), dtype=str)


def request(space: Space, frame: pd.DataFrame, contents: Iterable[str]) -> str:
    """Give the digest of a request: space, labels, and the bytes of the files (not their places).

    Parameters
    ----------
    space
        Encoder, weights, resize rule and precision.
    frame
        The rows of the image set.
    contents
        SHA-256 of each row's file; empty where it cannot be opened.
    """
    labels = {name: _cells(frame, name) for name in _LABELS}
    return digest({"extract": asdict(space), "labels": labels, "contents": iter(contents)})


def work_key(spaces: Mapping[str, Space], frame: pd.DataFrame) -> str:
    """Give the digest that unfinished work is kept under.

    Instead of the files' bytes, which would have to be read twice, it holds their sizes and times
    of change.
    """
    stamps = (_stamp(str(path)) for path in frame["path"])
    labels = {name: _cells(frame, name) for name in ("image_id", "path", "region")}
    described = {view: asdict(space) for view, space in spaces.items()}
    return digest({"work": described, "labels": labels, "stamps": stamps})


def _cells(frame: pd.DataFrame, name: str) -> Iterator[str | None]:
    return (None if pd.isna(cell) else str(cell) for cell in frame[name])


def _stamp(path: str) -> list[int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]


def read_skipped(path: Path) -> pd.DataFrame:
    """Read a ``skipped.csv``; an absent one is empty.

    Raises
    ------
    FileFormatError
        It is something else.
    """
    if not path.exists():
        return _EMPTY.copy()
    try:
        text = path.read_bytes().decode("utf-8")
        header, *lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise FileFormatError(f"{path} cannot be read as a list of images left out") from error
    if tuple(header) != _LISTED or any(len(line) != len(_LISTED) for line in lines):
        raise FileFormatError(f"{path} is no list of images left out: its columns are others")
    return pd.DataFrame(lines, columns=list(_LISTED), dtype=str)


def check_skipped(path: Path, *, overwrite: bool) -> None:
    """Make sure that a list can be written here.

    Raises
    ------
    OutputExistsError
        Another kind of file lies there, and `overwrite` is False.
    """
    try:
        read_skipped(path)
    except FileFormatError as error:
        if not overwrite:
            raise OutputExistsError(
                f"{path} already exists and holds something else; "
                "give another folder or allow --overwrite"
            ) from error


def write_skipped(path: Path, skipped: pd.DataFrame, encoder: str) -> None:
    """Write what an encoder left out; what other encoders left out in the same folder stays.

    The header is written also when nothing was left out.
    """
    try:
        known = read_skipped(path)
    except FileFormatError:  # `check_skipped` has seen it: it may be replaced
        known = _EMPTY
    others = known[known["encoder"] != encoder]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_LISTED)
    writer.writerows(others[list(_LISTED)].itertuples(index=False))
    writer.writerows(
        (*row, encoder) for row in skipped[list(SKIPPED_COLUMNS)].itertuples(index=False)
    )
    data = text.getvalue().encode("utf-8", "backslashreplace")
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, lambda temporary: _write(temporary, data))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
