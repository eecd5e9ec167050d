"""Numbers that take long, stored as JSON under the identity of what they were made from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values import digest, read_json, to_json_types, write_json

__all__ = ["cached_json"]

_log = logging.getLogger(__name__)
_KIND = "probe-part"


def cached_json(
    folder: Path | None, stem: str, identity: Any, compute: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return what `compute` returns, from the folder where the same identity has left it.

    The file's name begins with `stem`; `identity` is all that the numbers depend on. Both it and
    they are as JSON can hold them. Where the folder is None, nothing is stored.
    """
    if folder is None:
        return dict(to_json_types(compute()))
    request = digest([_KIND, identity])
    path = folder / f"{stem}-{request[:16]}.json"
    found = _read_cached_value(path, request)
    if found is None:
        found = dict(to_json_types(compute()))
        write_json(path, {"kind": _KIND, "request": request, "value": found})
    return found


def _read_cached_value(path: Path, request: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        document = read_json(path)
    except FileFormatError:
        document = None
    if not isinstance(document, dict) or document.get("request") != request:
        _log.warning("%s is damaged; its numbers are taken anew", path)
        return None
    value = document.get("value")
    return value if isinstance(value, dict) else None
