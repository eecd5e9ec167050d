"""Inject every fault of the table, and print what was tried and what held.

::

    python -m benchmarks.faults [--quick] [--only NAME...] [--out FILE.json]

Everything happens in a temporary folder. Some rows mount small file systems or trace system calls;
where that is not allowed the table says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.faults import files, inputs, processes, runs
from benchmarks.faults.harness import Row

ROWS: tuple[Callable[..., Row], ...] = (
    inputs.bad_images,
    runs.interrupted,
    files.weights,
    inputs.odd_images,
    runs.two_runs,
    inputs.nasty_names,
    processes.out_of_memory,
    runs.killed,
    runs.overwritten,
    processes.training,
    runs.full_disk,
    runs.closed_streams,
    files.degenerate,
    processes.workers,
    processes.ranks,
    inputs.changing,
    inputs.unreadable,
    runs.unwritable,
    files.other_versions,
    inputs.links_and_devices,
    files.hostile_text,
    files.flipped_bits,
    files.bad_parquet,
    processes.syncs,
)


def inject(chosen: Sequence[Callable[..., Row]], *, quick: bool) -> list[Row]:
    """Inject the faults of some rows; each has a folder of its own."""
    found = []
    for make in chosen:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            place = Path(folder) / make.__name__
            place.mkdir()
            row = make(place, quick=quick)
        found.append(row)
        took = time.monotonic() - start
        print(f"{row.held}/{row.tried} {row.fault} ({took:.0f} s)", file=sys.stderr, flush=True)
        for each in row.broken[:5]:
            print(f"    {each}", file=sys.stderr, flush=True)
    return found


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = ["| fault | how it was injected | tried | held |", "|---|---|---:|---:|"]
    for row in rows:
        how = f"{row.how} ({row.said})" if row.said else row.how
        lines.append(f"| {row.fault} | {how} | {row.tried:,} | {row.held:,} |")
    tried, held = (sum(getattr(row, name) for row in rows) for name in ("tried", "held"))
    return "\n".join([*lines, f"| **all** | | **{tried:,}** | **{held:,}** |"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 1 where something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer injections of each kind")
    parser.add_argument("--only", nargs="*", default=[], help="names of rows' functions")
    parser.add_argument("--out", type=Path, default=None, help="JSON file of the counts")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    chosen = [row for row in ROWS if not given.only or row.__name__ in given.only]
    rows = inject(chosen, quick=given.quick)
    when = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(f"{when}, torch {torch.__version__}\n\n{table(rows)}")
    if given.out is not None:
        told = {"when": when, "rows": [asdict(row) for row in rows]}
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row.tried == row.held for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
