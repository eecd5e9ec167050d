"""Parts of manifests as text: lists of files, relative to where the manifest lies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["entry_lines", "quoted", "relative_path"]


def entry_lines(key: str, paths: Iterable[str], base: Path) -> list[str]:
    """Return the lines of a list of files in a manifest that lies in `base`."""
    return [f"{key} = [", *(f"  {quoted(relative_path(each, base))}," for each in paths), "]"]


def relative_path(path: str, base: Path) -> str:
    """Return a path as a manifest in `base` writes it: relative, with slashes."""
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # another drive
        return Path(path).as_posix()


def quoted(text: str) -> str:
    """Return text in quotation marks as TOML has it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
