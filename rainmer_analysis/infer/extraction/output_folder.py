"""The output folder of an extraction: digests of requests, tables there already, skipped images."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.values import PARTS, Rows, Space, algorithm_versions, digest

__all__ = [
    "COLUMNS",
    "SKIPPED",
    "SKIPPED_COLUMNS",
    "merge_skipped_list",
    "names_of_other_form",
    "read_skipped_list",
    "refuse_file_as_folder",
    "refuse_foreign_skipped_list",
    "refuse_tables_of_other_form",
    "remove_tables_of_other_form",
    "resumed_work_digest",
    "skipped_digest",
    "table_request_digest",
]

SKIPPED = "skipped.csv"
SKIPPED_COLUMNS = ("image_id", "dataset", "path", "reason")
_LISTED = (*SKIPPED_COLUMNS, "encoder")
COLUMNS = ("image_id", "dataset", "group", "split", "target", "path")
"""Columns of the image set that a table keeps."""
_LABELS = ("image_id", "dataset", "group", "split", "region")
_EMPTY = pd.DataFrame(columns=list(_LISTED), dtype=str)


def table_request_digest(space: Space, rows: Rows, contents: Iterable[str]) -> str:
    """Return the digest of a request: space, labels, and the bytes of the files (not their places).

    Parameters
    ----------
    space
        Encoder, weights, resize rule and precision.
    rows
        Those of the image set.
    contents
        SHA-256 of each row's file; empty where it cannot be opened.
    """
    labels = {name: _column_as_texts(rows, name) for name in _LABELS}
    asked = {"extract": asdict(space), "labels": labels, "contents": iter(contents)}
    return digest(asked | _request_versions(space))


def resumed_work_digest(spaces: Mapping[str, Space], rows: Rows) -> str:
    """Return the digest that unfinished work is kept under.

    The bytes of the files do not enter: what was finished holds the digest of those that were
    read, and is taken again only for a file that still has it.
    """
    labels = {name: _column_as_texts(rows, name) for name in ("image_id", "path", "region")}
    described = {view: asdict(space) for view, space in spaces.items()}
    first = next(iter(spaces.values()))
    return digest({"work": described, "labels": labels} | _request_versions(first))


def _request_versions(space: Space) -> dict[str, dict[str, int]]:
    own = ("statistics",) if space.encoder == "statistics" else ()
    versions = algorithm_versions("extract", *own)
    return {"versions": versions} if versions else {}


def _column_as_texts(rows: Rows, name: str) -> Iterator[str | None]:
    return (None if pd.isna(cell) else str(cell) for cell in rows.cells(name))


def read_skipped_list(path: Path) -> pd.DataFrame:
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


def refuse_file_as_folder(folder: Path) -> None:
    """Make sure that tables can go into a folder.

    Raises
    ------
    OutputExistsError
        It is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(f"{folder} is a file, but tables go into a folder; give another")


def refuse_foreign_skipped_list(path: Path, *, overwrite: bool) -> None:
    """Make sure that a list can be written here.

    Raises
    ------
    OutputExistsError
        Another kind of file lies there, and `overwrite` is False.
    """
    try:
        read_skipped_list(path)
    except FileFormatError as error:
        if not overwrite:
            raise OutputExistsError.at(path, "folder") from error


def refuse_tables_of_other_form(
    folder: Path, spaces: Iterable[Space], *, parts: bool, overwrite: bool
) -> None:
    """Make sure that no table lies here in the other form: one file, or a folder of parts.

    Parameters
    ----------
    folder, spaces
        Where tables of which spaces are going to be.
    parts
        Whether they are going to be folders of parts, as several processes write them.
    overwrite
        Whether the other form may be replaced.

    Raises
    ------
    OutputExistsError
        There is one, and `overwrite` is False.
    """
    others = _other_forms(folder, spaces, parts=parts)
    found = [path for path in others if path.is_file() or any(path.glob("*.parquet"))]
    if not found or overwrite:
        return
    form, wanted = "one file", "a folder of parts"
    if not parts:
        form, wanted = wanted, form
    raise OutputExistsError(
        f"{found[0]} already exists: this table as {form}, beside which {wanted} would be written; "
        "give another folder or allow --overwrite (overwrite=True in Python)"
    )


def names_of_other_form(folder: Path, spaces: Iterable[Space], *, parts: bool) -> tuple[str, ...]:
    """Return the names of tables of the other form, which those of this one replace.

    A folder of parts that holds something else as well is none: its parts alone go, by
    `remove_tables_of_other_form`.
    """
    found = [path for path in _other_forms(folder, spaces, parts=parts) if path.exists()]
    return tuple(path.name for path in found if path.is_file() or not _has_foreign_files(path))


def remove_tables_of_other_form(folder: Path, spaces: Iterable[Space], *, parts: bool) -> None:
    """Remove tables of the other form: those of this one have been written."""
    for path in _other_forms(folder, spaces, parts=parts):
        if not path.is_dir():
            path.unlink(missing_ok=True)
            continue
        for part in [*path.glob("*.parquet"), path / PARTS]:
            part.unlink(missing_ok=True)
        with suppress(OSError):  # something else lies there, too
            path.rmdir()


def _has_foreign_files(folder: Path) -> bool:
    return any(each.suffix != ".parquet" and each.name != PARTS for each in folder.iterdir())


def _other_forms(folder: Path, spaces: Iterable[Space], *, parts: bool) -> list[Path]:
    return [folder / (f"{space.stem}.parquet" if parts else space.stem) for space in spaces]


def merge_skipped_list(path: Path, skipped: pd.DataFrame, encoder: str) -> bytes:
    """Return a list with what an encoder left out; what others left out in the folder stays.

    Its header is there also when nothing was left out.
    """
    try:
        known = read_skipped_list(path)
    except FileFormatError:  # `refuse_foreign_skipped_list` has seen it: it may be replaced
        known = _EMPTY
    others = known[known["encoder"] != encoder]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_LISTED)
    writer.writerows(others[list(_LISTED)].itertuples(index=False))
    writer.writerows(
        (*row, encoder) for row in skipped[list(SKIPPED_COLUMNS)].itertuples(index=False)
    )
    return text.getvalue().encode("utf-8", "backslashreplace")


def skipped_digest(skipped: pd.DataFrame) -> str:
    """Return the digest of what an encoder left out, as its list will be read."""
    cells = skipped[list(SKIPPED_COLUMNS)].itertuples(index=False)
    return digest([[_text_as_written(cell) for cell in row] for row in cells])


def _text_as_written(cell: object) -> str:
    return str(cell).encode("utf-8", "backslashreplace").decode("utf-8")
