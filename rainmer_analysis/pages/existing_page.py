"""Whether a page stands already."""

from __future__ import annotations

import re
from pathlib import Path

from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.pages.environment import REQUEST_NAME

__all__ = ["page_request", "page_stands"]

_HEAD = 4096
_PATTERN = re.compile(rf'<meta name="{REQUEST_NAME}" content="([0-9a-f]{{64}})">')


def page_request(path: Path) -> str | None:
    """Return the digest of the request that a page answers; None where it holds none."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return None
    found = _PATTERN.search(head)
    return found[1] if found else None


def page_stands(path: Path, request: str, *, overwrite: bool) -> bool:
    """Say whether `path` already answers the identical request.

    Raises
    ------
    OutputExistsError
        Something else lies there.
    """
    if not path.exists():
        return False
    if path.is_file() and page_request(path) == request and not overwrite:
        return True
    if overwrite and not path.is_dir():
        return False
    raise OutputExistsError(
        f"{path} already exists and holds something else; "
        "give another name or allow --overwrite (overwrite=True in Python)"
    )
