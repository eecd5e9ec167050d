"""Small text files beside a table: written atomically, and never over something else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.values import write_bytes

__all__ = ["csv_text", "holds_text", "write_text_once"]


def holds_text(path: Path, text: str, *, overwrite: bool) -> bool:
    """Return whether a file holds exactly this text already.

    Raises
    ------
    OutputExistsError
        Something else lies there and `overwrite` is False, or it is a folder.
    """
    if not path.exists():
        return False
    if path.is_file() and path.read_bytes() == _utf8_bytes(text):
        return True
    if path.is_dir() or not overwrite:
        raise OutputExistsError(
            f"{path} already exists and holds something else; "
            "give another name or allow --overwrite (overwrite=True in Python)"
        )
    return False


def write_text_once(path: Path, text: str, *, overwrite: bool) -> bool:
    """Write a text unless the file holds it already, and say whether it did.

    Raises
    ------
    OutputExistsError
        As for `holds_text`.
    """
    current = holds_text(path, text, overwrite=overwrite)
    if not current:
        write_bytes(path, _utf8_bytes(text))
    return current


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _utf8_bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
