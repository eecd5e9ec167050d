"""Files of pages: their suffix, the request that they answer, whether they are up to date."""

from __future__ import annotations

import re
from pathlib import Path

from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.pages.render_templates import REQUEST_NAME
from rainmer_analysis.values import checked_suffix

__all__ = ["demand_page_suffix", "page_up_to_date_or_refuse", "read_request_digest"]

_HEAD = 4096
_PATTERN = re.compile(rf'<meta name="{REQUEST_NAME}" content="([0-9a-f]{{64}})">')


def demand_page_suffix(path: Path) -> None:
    """Refuse a page whose name does not end in ``.html``."""
    checked_suffix(path, "a page", ".html", also=(".htm",))


def read_request_digest(path: Path) -> str | None:
    """Return the digest of the request that a page answers; None where it holds none."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return None
    found = _PATTERN.search(head)
    return found[1] if found else None


def page_up_to_date_or_refuse(path: Path, request: str, *, overwrite: bool) -> bool:
    """Return whether `path` already answers the identical request.

    Raises
    ------
    OutputExistsError
        Something else lies there.
    """
    if not path.exists():
        return False
    if path.is_file() and read_request_digest(path) == request and not overwrite:
        return True
    if overwrite and not path.is_dir():
        return False
    raise OutputExistsError.at(path)
