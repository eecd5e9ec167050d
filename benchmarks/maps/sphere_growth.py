"""How time and memory of a layout grow with the rows: ``sphere_growth.py [COUNT...]``.

Six noisy clusters in 64 dimensions, which approximate searches of neighbours find hard, with 15
neighbours and the defaults otherwise. Every count has a process of its own, which reads its rows
from a file; its peak is the kernel's (VmHWM), the interpreter and its libraries included. With
``--project`` the rows are a table that `project` makes a map of, with 50 neighbours and fidelity.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.maps.noisy import clusters
from benchmarks.timing import machine, write
from rainmer_analysis.sphere import SphereUMAP, project
from rainmer_analysis.values import EmbeddingTable, Rows, Space

DIMENSIONS = 64
COUNTS = (100_000, 250_000, 1_000_000)
NEIGHBORS = 15


def peak_bytes() -> int:
    """Give the most memory that this process has held."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def table(vectors: np.ndarray) -> EmbeddingTable:
    """Give the rows as a table of images."""
    names = [f"set{row % 6}/{row:07}.png" for row in range(len(vectors))]
    frame = {
        "image_id": names,
        "dataset": [name.split("/")[0] for name in names],
        "group": names,
    }
    space = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")
    return EmbeddingTable(vectors, Rows(pd.DataFrame(frame)), space)


def alone(path: str, whole: bool) -> dict[str, Any]:
    """Time one layout in this process."""
    vectors = np.load(path)
    SphereUMAP(NEIGHBORS, n_epochs=2).fit(vectors[:300])  # loads compiled code
    given = table(vectors) if whole else None
    before = peak_bytes()
    clock, processor = time.perf_counter(), time.process_time()
    told = dict(project(given).fidelity) if given else {}
    if not whole:
        SphereUMAP(NEIGHBORS).fit(vectors)
    return {
        "seconds": round(time.perf_counter() - clock, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "peak_bytes": peak_bytes(),
        "peak_bytes_before": before,
    } | told


def measured(count: int, whole: bool) -> dict[str, Any]:
    """Time one layout in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.npy")
        np.save(path, clusters(count, DIMENSIONS))
        command = [
            sys.executable,
            "-m",
            __spec__.name,
            "--alone",
            path,
            *(["--project"] if whole else []),
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure every count, and fit a line to the peaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("counts", nargs="*", type=int, default=COUNTS)
    parser.add_argument("--project", action="store_true", help="tables to maps, fidelity included")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(alone(arguments.alone, arguments.project)))
        return
    made: dict[str, Any] = {}
    for count in arguments.counts:
        made[str(count)] = measured(count, arguments.project)
        print(f"{count:,} x {DIMENSIONS}: {made[str(count)]}", flush=True)
    found: dict[str, Any] = {"counts": made}
    if len(made) > 1:
        peaks = [each["peak_bytes"] for each in made.values()]
        slope, base = np.polyfit(arguments.counts, peaks, 1)
        found |= {"bytes_a_row": round(slope), "base_bytes": round(base)}
        print(f"peak: {base / 2**20:.0f} MiB and {slope:.0f} bytes a row")
    if arguments.out:
        name = "project" if arguments.project else "growth"
        write(arguments.out, {"program": name, "found": found, "machine": machine()})


if __name__ == "__main__":
    main()
