"""The images of a folder that could not be restored, listed beside the restored ones."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from rainmer_analysis.errors import ImageError, OutputExistsError, SourceError
from rainmer_analysis.recipes.write_text_files import csv_text, write_text_once

__all__ = ["SKIPPED", "demand_free_or_replaceable_list", "list_left_out_or_raise"]

SKIPPED = "skipped.csv"
_COLUMNS = ("image", "reason")
_log = logging.getLogger(__name__)


def demand_free_or_replaceable_list(path: Path, *, overwrite: bool) -> None:
    """Make sure that a list may be written.

    Raises
    ------
    OutputExistsError
        Something else lies there.
    """
    if not path.exists() or (overwrite and path.is_file()):
        return
    head = ",".join(_COLUMNS) + "\n"
    if not path.is_file() or not path.read_bytes().startswith(head.encode()):
        raise OutputExistsError.at(path, "folder")


def list_left_out_or_raise(
    source: Path, reasons: Sequence[tuple[str, str]], count: int, listed: Path | None
) -> None:
    """Name what was left out of `count` images; the list has its header also where nothing was.

    Raises
    ------
    ImageError
        The single image cannot be used.
    SourceError
        No image can.
    """
    for name, reason in reasons:
        _log.warning("left out %s: %s", name, reason)
    if listed is None:
        if reasons:
            raise ImageError(f"{source} cannot be restored: {reasons[0][1]}")
        return
    write_text_once(listed, csv_text(_COLUMNS, reasons), overwrite=True)
    if len(reasons) == count:
        raise SourceError(
            f"none of the {count} images of {source} can be used; the reasons are in {listed}"
        )
