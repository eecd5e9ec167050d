"""Reading and writing values: Parquet for tables and maps, JSON or CSV for matrices."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.values.disk import (
    call_with_committed_path,
    checked_suffix,
    read_json,
    with_checksum,
    write_atomically,
    write_text,
)
from rainmer_analysis.values.immutable import (
    EmbeddingTable,
    PropertyTable,
    RelationshipMatrix,
    SphereMap,
)
from rainmer_analysis.values.matrix_files import (
    matrix_from_csv,
    matrix_from_json,
    matrix_to_csv,
    matrix_to_json,
)
from rainmer_analysis.values.parquet import (
    read_metadata,
    read_parquet,
    read_properties,
    verify_checksums,
    write_parquet,
    write_parquet_batches,
    write_properties,
)

__all__ = [
    "checked_path_of_kind",
    "read",
    "read_as",
    "read_request_digest_of",
    "up_to_date_or_refuse",
    "write",
    "write_atomically",
    "write_json",
    "write_table_once",
]

Value = EmbeddingTable | SphereMap | RelationshipMatrix | PropertyTable
_log = logging.getLogger(__name__)
V = TypeVar("V", EmbeddingTable, SphereMap, RelationshipMatrix, PropertyTable)


@dataclass(frozen=True)
class _Kind:
    """How messages speak of a kind of value, and how its files may end."""

    noun: str
    command: str
    suffixes: tuple[str, ...]

    @property
    def what_to_give(self) -> str:
        """What to give: the noun, the ends of its files and what writes them."""
        files = " or ".join(self.suffixes)
        return f"give a {self.noun} ({files}) that 'rainmer-analysis {self.command}' wrote"


_KINDS: Mapping[type[Value], _Kind] = MappingProxyType(
    {
        EmbeddingTable: _Kind("table of embeddings", "extract", (".parquet",)),
        SphereMap: _Kind("map", "project", (".parquet",)),
        RelationshipMatrix: _Kind("matrix", "relate", (".json", ".csv")),
        PropertyTable: _Kind("table of properties", "describe", (".parquet",)),
    }
)


def write_json(path: str | Path, document: Any) -> Path:
    """Write a JSON document atomically, sorted as given, with a final newline.

    A mapping gets the digest of its content as the last entry; `read_json` checks it.
    """
    if isinstance(document, Mapping):
        document = with_checksum(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return write_text(path, text)


def read(path: str | Path) -> Value:
    """Read a table, a map, a matrix or a table of properties.

    Parameters
    ----------
    path
        A Parquet file, a directory of Parquet parts, or a matrix in ``.json`` or ``.csv``.

    Raises
    ------
    FileFormatError
        The file is missing, of another kind, damaged, truncated or written by a newer version.
    """
    source = Path(path)
    found = _stat_or_none(source)
    if found is None:
        raise FileFormatError(f"there is no file {source}; give a table, a map or a matrix")
    suffix = ".parquet" if stat.S_ISDIR(found.st_mode) else source.suffix.lower()
    if suffix == ".parquet":
        if read_metadata(source)["kind"] == "properties":
            return read_properties(source)
        return read_parquet(source)
    if suffix == ".json":
        return matrix_from_json(source)
    if suffix == ".csv":
        return matrix_from_csv(source)
    raise FileFormatError(
        f"{source} is neither a .parquet table or map nor a .json or .csv matrix; give one of these"
    )


def _stat_or_none(path: Path) -> os.stat_result | None:
    try:
        return call_with_committed_path(path, Path.stat)
    except OSError:
        return None


def checked_path_of_kind(path: str | Path, kind: type[Value]) -> Path:
    """Return the path if something lies there that can be of this kind, by the end of its name.

    Raises FileFormatError: nothing is there, or only another kind has files whose names end so.
    """
    source, named = Path(path), _KINDS[kind]
    found = _stat_or_none(source)
    if found is None:
        raise FileFormatError(f"there is no file {source}; {named.what_to_give}")
    suffix = ".parquet" if stat.S_ISDIR(found.st_mode) else source.suffix.lower()
    if suffix not in named.suffixes:
        raise FileFormatError(f"{source} is no {named.noun}; {named.what_to_give}")
    return source


def read_as(path: str | Path, kind: type[V]) -> V:
    """Read a table, a map or a matrix, whichever is asked for.

    Raises FileFormatError: the file is missing, of another kind, damaged, truncated or written by a
    newer version.
    """
    checked_path_of_kind(path, kind)
    value, named = read(path), _KINDS[kind]
    if not isinstance(value, kind):
        found = _KINDS[type(value)].noun
        raise FileFormatError(f"{path} holds a {found}, not a {named.noun}; {named.what_to_give}")
    return value


def read_request_digest_of(path: str | Path) -> str | None:
    """Return the digest of the request that a result file answers, or None where it holds none."""
    source = Path(path)
    try:
        if source.is_dir() or source.suffix.lower() == ".parquet":
            document: Any = read_metadata(source)
        elif source.suffix.lower() == ".json":
            document = read_json(source)
        else:
            return None
    except (FileFormatError, OSError, ValueError):
        return None
    found = document.get("request") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None


def up_to_date_or_refuse(path: str | Path, request: str | None, *, overwrite: bool = False) -> bool:
    """Return whether `path` already answers the identical request.

    Returns False where nothing is there or `overwrite` allows a new result.

    Raises OutputExistsError: something else lies there.
    """
    target = Path(path)
    if not target.exists():
        return False
    if (
        request is not None
        and read_request_digest_of(target) == request
        and _has_valid_checksums(target)
    ):
        return True
    if overwrite and not target.is_dir():
        return False
    raise OutputExistsError.at(target)


def _has_valid_checksums(path: Path) -> bool:
    if not path.is_dir() and path.suffix.lower() != ".parquet":
        return True  # its document was read whole
    try:
        verify_checksums(path)
    except FileFormatError as error:
        _log.warning("%s", error)
        return False
    return True


def write(
    value: Value, path: str | Path, *, overwrite: bool = False, request: str | None = None
) -> Path:
    """Write a value atomically; the suffix chooses the format.

    Parameters
    ----------
    value
        A table, map or table of properties (``.parquet``), or a matrix (``.json`` or ``.csv``).
    path
        Where to. An existing file is left as it is when it answers the same `request`.
    overwrite
        Whether another existing file may be replaced.
    request
        Digest of the request, stored in the file (not in CSV, which has no room for it).

    Raises
    ------
    OutputExistsError
        Another file is there and `overwrite` is False.
    ParameterError
        The suffix does not fit the value.
    """
    target = Path(path)
    if isinstance(value, RelationshipMatrix):
        writers: dict[str, Callable[[Path], None]] = {
            ".json": lambda temporary: matrix_to_json(value, temporary, request),
            ".csv": lambda temporary: matrix_to_csv(value, temporary),
        }
    elif isinstance(value, PropertyTable):
        writers = {".parquet": lambda temporary: write_properties(value, temporary, request)}
    else:
        writers = {".parquet": lambda temporary: write_parquet(value, temporary, request)}
    suffix = checked_suffix(target, f"a {_KINDS[type(value)].noun}", *writers)
    if up_to_date_or_refuse(target, request, overwrite=overwrite):
        return target
    return write_atomically(target, writers[suffix])


def write_table_once(
    batches: Iterable[EmbeddingTable], path: str | Path, *, overwrite: bool, request: str
) -> Path:
    """Write a table that comes as small ones with the same columns, as `write` does the whole."""
    target = Path(path)
    if up_to_date_or_refuse(target, request, overwrite=overwrite):
        return target
    return write_atomically(
        target, lambda temporary: write_parquet_batches(batches, temporary, request)
    )
