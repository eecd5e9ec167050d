"""log.csv: one row per logged step, the step first, means since the last row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from rainmer_analysis.values import write_text

__all__ = ["CsvLog"]


class CsvLog:
    """A log that is continued.

    Parameters
    ----------
    path
        The file.
    step
        Where the run stands; later rows of the file are dropped.
    columns
        Names of the columns.
    """

    def __init__(self, path: Path, step: int, *, columns: Sequence[str]) -> None:
        self._path = path
        self._columns = list(columns)
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
            # Rows after the checkpoint will come again; a kill may have cut the last one short.
            kept = [r for r in rows[1:] if len(r) == len(self._columns) and int(r[0]) <= step]
            text = "".join(_csv_line(row) for row in [self._columns, *kept])
            write_text(path, text)

    def add_row(self, row: Mapping[str, float | int]) -> None:
        """Add a row; what it does not tell stays empty."""
        new = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            if new:
                file.write(_csv_line(self._columns))
            file.write(
                _csv_line([_format_number(row.get(name, math.nan)) for name in self._columns])
            )


def _format_number(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(value) if isinstance(value, int) else f"{value:.7g}"


def _csv_line(row: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(row)
    return buffer.getvalue()
