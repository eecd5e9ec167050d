"""Small text files beside a table: written atomically, and never over something else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.values import to_json_types, with_checksum, write_bytes

__all__ = [
    "csv_text",
    "is_text_up_to_date",
    "write_json_once",
    "write_text_once",
    "write_texts_once",
]


def is_text_up_to_date(path: Path, text: str, *, overwrite: bool) -> bool:
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
        raise OutputExistsError.at(path)
    return False


def write_text_once(path: Path, text: str, *, overwrite: bool) -> bool:
    """Write a text unless the file holds it already, and return whether it did."""
    current = is_text_up_to_date(path, text, overwrite=overwrite)
    if not current:
        write_bytes(path, _utf8_bytes(text))
    return current


def write_texts_once(texts: Mapping[Path, str], *, overwrite: bool) -> list[bool]:
    """Write several texts, or none where something else lies at one of the files."""
    for path, text in texts.items():
        is_text_up_to_date(path, text, overwrite=overwrite)
    return [write_text_once(path, text, overwrite=overwrite) for path, text in texts.items()]


def write_json_once(path: Path, document: Mapping[str, Any], *, overwrite: bool) -> bool:
    """Write a JSON document with its digest, as `write_text_once` writes a text."""
    stated = with_checksum(to_json_types(document))
    text = json.dumps(stated, indent=1, ensure_ascii=False, allow_nan=False)
    return write_text_once(path, text + "\n", overwrite=overwrite)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _utf8_bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
