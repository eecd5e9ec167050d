"""What `make faults` has counted, row by row, and the table of it in the documentation.

Rows take from seconds to a quarter of an hour and can be run on their own; each keeps the counts of
its last run, with the date and what it ran on.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.faults.harness import Row

COUNTS = Path(__file__).with_name("counts.json")
PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_START, _END = "<!-- table of faults, by make faults -->", "<!-- end of the table -->"


def entry(row: Row, *, quick: bool, seconds: float) -> dict[str, Any]:
    """Return what is kept of a row."""
    return {
        "fault": row.fault,
        "how": row.how,
        "tried": row.tried,
        "held": row.held,
        "not_injected": row.said,
        "broken": row.broken[:5],
        "quick": quick,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor_seconds": round(seconds),
        "with": f"Python {platform.python_version()}, torch {torch.__version__}",
    }


def keep(rows: Mapping[str, Mapping[str, Any]], order: Sequence[str], path: Path) -> dict[str, Any]:
    """Put rows into the file of counts in place of their last ones; return all, in order."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found |= rows
    kept = {name: found[name] for name in order if name in found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return kept


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return rows as a table in Markdown."""
    lines = ["| fault | how it was injected | tried | held | date |", "|---|---|---:|---:|---|"]
    for row in rows.values():
        how = f"{row['how']} ({row['not_injected']})" if row["not_injected"] else row["how"]
        date = f"{row['date']}, quick part" if row["quick"] else row["date"]
        lines.append(f"| {row['fault']} | {how} | {row['tried']:,} | {row['held']:,} | {date} |")
    tried, held = (sum(row[name] for row in rows.values()) for name in ("tried", "held"))
    return "\n".join([*lines, f"| **all** | | **{tried:,}** | **{held:,}** | |"])


def show(rows: Mapping[str, Mapping[str, Any]], page: Path) -> None:
    """Put the table into a page, between the two marks there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(_START)
    _, _, after = rest.partition(_END)
    if not after:
        raise ValueError(f"{page} has no place for the table: {_START} and {_END}")
    text = f"{before}{_START}\n\n{table(rows)}\n\n{_END}{after}"
    page.write_text(text, encoding="utf-8")
