"""Tables that several files hold: which parts belong to a folder, and whether all are there."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk import CommittedFile, call_with_committed_path
from rainmer_analysis.values.disk.checksummed_json import read_json, with_checksum
from rainmer_analysis.values.parquet.format.column_checksums import SUMS
from rainmer_analysis.values.request_digest import digest

__all__ = ["PARTS", "part_files_of", "write_part_list"]

PARTS = "_parts.json"
"""Name of the list of a folder's parts; other programs pass over names that begin so."""
_TRIES = 3
_NUMBERED = re.compile(r"(.*-)(\d+)(-of-)(\d+)")


def part_files_of(path: Path) -> list[CommittedFile]:
    """Return the files of a table or map: itself, or the parts in a folder, sorted by name.

    Raises FileFormatError: the folder holds none, or not the ones that were written.
    """
    try:
        names = call_with_committed_path(path, os.listdir)
    except (FileNotFoundError, NotADirectoryError):
        return [CommittedFile(path)]
    for _ in range(_TRIES - 1):
        listed = _read_part_list(path)
        try:
            return _checked_parts(path, names, listed)
        except FileFormatError:
            if _read_part_list(path) == listed:
                raise
        names = call_with_committed_path(
            path, os.listdir
        )  # another run has replaced the folder meanwhile
    return _checked_parts(path, names, _read_part_list(path))


def _checked_parts(
    folder: Path, names: list[str], listed: dict[str, Any] | None
) -> list[CommittedFile]:
    names = sorted(name for name in names if name.endswith(".parquet") and name[0] != ".")
    if not names:
        raise FileFormatError(
            f"the folder {folder} holds no .parquet part; give a table, a map or a folder of parts"
        )
    if listed is not None:
        return _listed_parts(folder, names, listed)
    _demand_all_numbered_parts(folder, names)
    return [CommittedFile(folder / name) for name in names]


def write_part_list(folder: Path, path: Path) -> None:
    """Write the list of the parts that lie in a folder to `path`."""
    parts = sorted(folder.glob("*.parquet"))
    listed = {part.name: _checksums_digest(CommittedFile(part)) for part in parts}
    document = with_checksum({"kind": "parts", "version": 1, "parts": listed})
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _listed_parts(folder: Path, names: list[str], listed: dict[str, Any]) -> list[CommittedFile]:
    """Make sure that the parts are those of the list."""
    if missing := sorted(set(listed) - set(names)):
        raise FileFormatError(_missing_part_message(folder, missing[0], len(missing), len(listed)))
    if more := sorted(set(names) - set(listed)):
        raise FileFormatError(
            f"{folder / more[0]} is no part of the table in this folder, which {PARTS} lists; "
            "move it away"
        )
    parts = [CommittedFile(folder / name) for name in names]
    for part in parts:
        if _checksums_digest(part) != listed[part.path.name]:
            raise FileFormatError(
                f"{part.path} is damaged or of another run than {folder / PARTS}; make the table "
                "anew"
            )
    return parts


def _read_part_list(folder: Path) -> dict[str, Any] | None:
    try:
        return call_with_committed_path(folder / PARTS, _parse_part_list)
    except FileNotFoundError:
        return None


def _parse_part_list(path: Path) -> dict[str, Any]:
    try:
        listed = read_json(path)["parts"]
    except (KeyError, TypeError) as error:
        raise FileFormatError(f"{path} is no list of parts; make the table anew") from error
    except FileFormatError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise error.__cause__ from None
        raise
    if not isinstance(listed, dict):
        raise FileFormatError(f"{path} is no list of parts; make the table anew")
    return listed


def _demand_all_numbered_parts(folder: Path, names: list[str]) -> None:
    """Make sure that none is missing where names tell how many there are."""
    found = [_NUMBERED.fullmatch(name.removesuffix(".parquet")) for name in names]
    numbered = [each for each in found if each is not None]
    if len(numbered) < len(names):
        return  # names that people gave
    for each in numbered:
        total = int(each[4])
        present = {int(other[2]) for other in numbered if int(other[4]) == total}
        missing = sorted(set(range(min(total, 1 << 20))) - present)
        if missing:
            name = f"{each[1]}{missing[0]:0{len(each[2])}}{each[3]}{each[4]}.parquet"
            raise FileFormatError(_missing_part_message(folder, name, len(missing), total))


def _missing_part_message(folder: Path, name: str, count: int, total: int) -> str:
    return (
        f"{folder} is not whole: {count} of its {total} parts are missing, the first of them "
        f"{name}; copy them again or make the table anew"
    )


def _checksums_digest(part: CommittedFile) -> str:
    """Return what names the content of a part: a digest of its checksums."""
    try:
        with part.open() as file:
            metadata = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(
            f"{part.path} cannot be read as Parquet: it is damaged, cut off or of another "
            "kind; make it again or name another file"
        ) from error
    return digest(metadata.get(SUMS, b"").decode("utf-8", "replace"))
