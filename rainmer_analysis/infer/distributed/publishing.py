"""Parts of all ranks become tables that anybody can read, or are found again after a stop."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pandas as pd

from rainmer_analysis.infer.outputs import SKIPPED, discard_form, read_skipped, write_skipped
from rainmer_analysis.values import Space

__all__ = ["publish", "recall"]


def publish(pending: Path, folder: Path, spaces: Mapping[str, Space]) -> None:
    """Make the parts of all ranks visible as one table per view."""
    parts = sorted(path for path in pending.iterdir() if path.name.startswith("part-"))
    for space in spaces.values():
        gathered = pending / space.stem
        gathered.mkdir(exist_ok=True)
        for part in parts:
            if (part / f"{space.stem}.parquet").exists():
                (part / f"{space.stem}.parquet").replace(gathered / f"{part.name}.parquet")
        _exchange(folder / space.stem, gathered)
    encoder = next(iter(spaces.values())).encoder
    skipped = [read_skipped(part / SKIPPED) for part in parts]
    write_skipped(folder / SKIPPED, pd.concat(skipped, ignore_index=True), encoder)
    discard_form(folder, spaces.values(), parts=True)
    shutil.rmtree(pending, ignore_errors=True)


def _exchange(table: Path, gathered: Path) -> None:
    """Put a folder of parts, if it has some, into the place of a table, with nothing between."""
    before = gathered.with_name(f"{gathered.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    with suppress(FileNotFoundError):
        table.replace(before)
    if any(gathered.iterdir()):
        gathered.replace(table)


def recall(pending: Path, part: str, spaces: Mapping[str, Space]) -> None:
    """Return a rank its part back where making the tables visible was interrupted."""
    for space in spaces.values():
        gathered = pending / space.stem / f"{part}.parquet"
        if gathered.exists():
            gathered.replace(pending / part / f"{space.stem}.parquet")
