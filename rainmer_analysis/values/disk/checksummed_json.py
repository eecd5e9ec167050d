"""JSON documents that carry the digest of their content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.request_digest import digest

__all__ = [
    "CHECKSUM",
    "demand_known_version",
    "read_json",
    "verify_and_drop_checksum",
    "with_checksum",
]

CHECKSUM = "checksum"


def with_checksum(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the digest of its content as its last entry."""
    content = {name: value for name, value in document.items() if name != CHECKSUM}
    return content | {CHECKSUM: _content_digest(content)}


def verify_and_drop_checksum(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a document without its digest; one that was written without any passes.

    Raises FileFormatError: the content is not what was written.
    """
    stated = document.get(CHECKSUM)
    content = {name: value for name, value in document.items() if name != CHECKSUM}
    if stated is not None and stated != _content_digest(content):
        raise FileFormatError(
            f"{path} is damaged or was edited: its content is not that of its checksum; make it "
            f"anew, or remove its entry {CHECKSUM!r} to use it as it is"
        )
    return content


def demand_known_version(document: Mapping[str, Any], newest: int, source: str | Path) -> None:
    """Refuse a document that a newer release wrote.

    Raises FileFormatError: it states a newer version, or none.

    Parameters
    ----------
    document
        States its ``version``.
    newest
        The newest version that this release reads.
    source
        Where it comes from, for the sentence.
    """
    stated = document.get("version")
    if not isinstance(stated, int) or isinstance(stated, bool) or stated > newest:
        raise FileFormatError(
            f"{source} has format version {stated!r}, but this installation reads up to "
            f"{newest}; update rainmer-analysis"
        )


def read_json(path: Path) -> Any:
    """Read a JSON document that may carry the digest of its content.

    Raises FileFormatError: it cannot be read as JSON, or its content is not what was written.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileFormatError(f"{path} is not readable JSON; it is damaged or cut off") from error
    return verify_and_drop_checksum(document, path) if isinstance(document, dict) else document


def _content_digest(content: Mapping[str, Any]) -> str:
    # as it will be read: keys are texts, tuples lists
    return digest(json.loads(json.dumps(content)))
