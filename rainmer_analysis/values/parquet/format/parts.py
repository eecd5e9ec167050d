"""Tables that several files hold: which parts belong to a folder, and whether all are there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk.json_documents import read_json, stamped
from rainmer_analysis.values.parquet.format.checksums import SUMS
from rainmer_analysis.values.request_digest import digest

__all__ = ["PARTS", "parts_of", "write_list"]

PARTS = "_parts.json"
"""Name of the list of a folder's parts; other programs pass over names that begin so."""
_NUMBERED = re.compile(r"(.*-)(\d+)(-of-)(\d+)")


def parts_of(path: Path) -> list[Path]:
    """Return the files of a table or map: itself, or the parts in a folder, sorted by name.

    Raises
    ------
    FileFormatError
        The folder holds none, or not the ones that were written.
    """
    if not path.is_dir():
        return [path]
    parts = sorted(part for part in path.glob("*.parquet") if not part.name.startswith("."))
    if not parts:
        raise FileFormatError(
            f"the folder {path} holds no .parquet part; give a table, a map or a folder of parts"
        )
    if (path / PARTS).exists():
        _demand_listed(path, parts)
    else:
        _demand_numbered(path, parts)
    return parts


def write_list(folder: Path, path: Path) -> None:
    """Write the list of the parts that lie in a folder to `path`."""
    parts = sorted(folder.glob("*.parquet"))
    listed = {part.name: _content(part) for part in parts}
    document = stamped({"kind": "parts", "version": 1, "parts": listed})
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _demand_listed(folder: Path, parts: list[Path]) -> None:
    listed = _listed(folder / PARTS)
    names = {part.name for part in parts}
    if missing := sorted(set(listed) - names):
        raise FileFormatError(_missing(folder, missing[0], len(missing), len(listed)))
    if more := sorted(names - set(listed)):
        raise FileFormatError(
            f"{folder / more[0]} is no part of the table in this folder, which {PARTS} lists; "
            "move it away"
        )
    for part in parts:
        if _content(part) != listed[part.name]:
            raise FileFormatError(
                f"{part} is damaged or of another run than {folder / PARTS}; make the table anew"
            )


def _listed(path: Path) -> dict[str, Any]:
    try:
        listed = read_json(path)["parts"]
    except (KeyError, TypeError) as error:
        raise FileFormatError(f"{path} is no list of parts; make the table anew") from error
    if not isinstance(listed, dict):
        raise FileFormatError(f"{path} is no list of parts; make the table anew")
    return listed


def _demand_numbered(folder: Path, parts: list[Path]) -> None:
    """Make sure that none is missing where names tell how many there are."""
    found = [_NUMBERED.fullmatch(part.stem) for part in parts]
    numbered = [each for each in found if each is not None]
    if len(numbered) < len(parts):
        return  # names that people gave
    for each in numbered:
        total = int(each[4])
        present = {int(other[2]) for other in numbered if int(other[4]) == total}
        missing = sorted(set(range(min(total, 1 << 20))) - present)
        if missing:
            name = f"{each[1]}{missing[0]:0{len(each[2])}}{each[3]}{each[4]}.parquet"
            raise FileFormatError(_missing(folder, name, len(missing), total))


def _missing(folder: Path, name: str, count: int, total: int) -> str:
    return (
        f"{folder} is not whole: {count} of its {total} parts are missing, the first of them "
        f"{name}; copy them again or make the table anew"
    )


def _content(part: Path) -> str:
    """Return what names the content of a part: a digest of its checksums."""
    try:
        metadata = pq.read_metadata(part).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(
            f"{part} cannot be read as Parquet: it is damaged, cut off or of another "
            "kind; make it again or name another file"
        ) from error
    return digest(metadata.get(SUMS, b"").decode("utf-8", "replace"))
