"""Inject every fault of the table, and print what was tried and what held.

::

    python -m benchmarks.faults [--quick] [--only ROW...] [--keep] [--out FILE.json]

Everything happens in a temporary folder. Some rows mount small file systems or trace system calls;
where that is not allowed the table says so. Rows can be run one at a time: `--keep` puts what they
counted into counts.json beside this file, and the table of all that is kept into docs/faults.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.faults import (
    files,
    inputs,
    pages,
    processes,
    runs,
    surroundings,
    tracing,
    training,
)
from benchmarks.faults.harness import Row
from benchmarks.faults.record import COUNTS, PAGE, entry, keep, show, table

ROWS: tuple[Callable[..., Row], ...] = (
    inputs.bad_images,
    runs.interrupted,
    runs.interrupted_in_ranks,
    files.weights,
    inputs.odd_images,
    runs.two_runs,
    inputs.nasty_names,
    processes.out_of_memory,
    runs.killed,
    runs.killed_at_random,
    runs.overwritten,
    training.resumed,
    runs.full_disk,
    runs.closed_streams,
    files.degenerate,
    processes.workers,
    processes.ranks,
    inputs.changing,
    tracing.unreadable,
    runs.unwritable,
    files.other_versions,
    inputs.links_and_devices,
    pages.hostile_text,
    files.flipped_bits,
    files.bad_parquet,
    tracing.syncs,
    surroundings.surroundings,
)
_NAMES = tuple(row.__name__ for row in ROWS)


def inject(name: str, *, quick: bool) -> Row:
    """Inject the faults of a row, in a folder of its own."""
    make = ROWS[_NAMES.index(name)]
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        place = Path(folder) / name
        place.mkdir()
        return make(place, quick=quick)


def counted(name: str, *, quick: bool) -> dict[str, Any]:
    """Inject the faults of a row, say what came of it, and return what is kept of it."""
    clock, processor = time.monotonic(), _processor_seconds()
    row = inject(name, quick=quick)
    spent = _processor_seconds() - processor
    took = f"{time.monotonic() - clock:.0f} s, {spent:.0f} s of processor time"
    print(f"{row.held}/{row.tried} {row.fault} ({took})", file=sys.stderr, flush=True)
    for each in row.broken[:5]:
        print(f"    {each}", file=sys.stderr, flush=True)
    return entry(row, quick=quick, seconds=spent)


def _processor_seconds() -> float:
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 1 where something did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer injections of each kind")
    parser.add_argument("--only", nargs="*", default=[], choices=_NAMES, metavar="ROW")
    parser.add_argument("--keep", action="store_true", help="into counts.json and docs/faults.md")
    parser.add_argument("--out", type=Path, default=None, help="JSON file of the counts")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    gc.freeze()  # forks share what is there by now
    rows: Mapping[str, Any] = {}
    for name in given.only or _NAMES:
        rows = {**rows, name: counted(name, quick=given.quick)}
        if given.keep:
            show(keep({name: rows[name]}, _NAMES, COUNTS), PAGE)
    print(table(rows))
    if given.out is not None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row["tried"] == row["held"] for row in rows.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
