"""A million rows with a thousand bootstrap resamples: time and memory.

::

    python -m benchmarks.scores.scale [--rows 1000000] [--out FILE]

Nine datasets of unit vectors in 128 dimensions, in scenes of one to four images, a ninth of which
stand in two datasets, as a folder of Parquet parts. In fresh processes: reading all rows (once for
the vectors, once for the table's identity, as every command does), `relate` alone, and `relate`
with resamples, each with its clock, its processor time and its peak of memory (``VmHWM``). In
memory, without files: the matrix of nine datasets of 500 images each with 1,000 resamples.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rainmer_analysis.scores import relate
from rainmer_analysis.values import EmbeddingTable, Rows, Space, write_table_once

SPACE = Space("random", "chromatic", "0" * 64, "bilinear-128", "exact")
DIM, DATASETS, PARTS, STEP = 128, 9, 9, 5000
READ = """
import sys
from rainmer_analysis.values import TableStream
table = TableStream(sys.argv[1])
print(sum(len(batch) for batch in table.batches()), table.content_sha256[:8])
"""
RELATE = """
import sys
from rainmer_analysis.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    assert not left.code, left.code
"""
PEAK = """
from pathlib import Path
print(Path("/proc/self/status").read_text())
"""


def tables(rows: int, part: int) -> Iterator[EmbeddingTable]:
    """Draw one dataset, some thousand rows at a time."""
    generator = np.random.default_rng(part)
    centre = np.random.default_rng(part + 100).normal(size=DIM)
    scene, number = 0, 0
    while number < rows:
        count = min(STEP, rows - number)
        sizes = generator.integers(1, 5, size=count)
        scenes = (np.repeat(np.arange(count), sizes) + scene)[:count]
        scene = int(scenes[-1])
        vectors = centre + 2 * generator.normal(size=(count, DIM))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        frame = pd.DataFrame({"image_id": [f"set{part}/{number + i}.png" for i in range(count)]})
        frame["dataset"] = f"set{part}"
        owners = [part - part % 2 if each % 9 == 0 else part for each in scenes.tolist()]
        frame["group"] = [f"{a}-{b}" for a, b in zip(owners, scenes.tolist(), strict=True)]
        frame["path"] = frame["image_id"]
        yield EmbeddingTable(vectors, Rows(frame), SPACE)
        number += count


def measured(code: str, *arguments: str) -> dict[str, Any]:
    """Run a program in a fresh process of one thread."""
    start = time.perf_counter()
    timed = f"{code}\nimport time\nprint('used', time.process_time())\n{PEAK}"
    done = subprocess.run(
        [sys.executable, "-c", timed, *arguments], check=True, capture_output=True, text=True
    )
    peak = re.search(r"VmHWM:\s+(\d+)", done.stdout)
    used = re.search(r"used ([0-9.]+)", done.stdout)
    assert peak
    assert used
    return {
        "peak_mb": round(int(peak[1]) * 1024 / 1e6, 1),
        "processor_s": round(float(used[1]), 2),
        "clock_s": round(time.perf_counter() - start, 2),
    }


def small() -> float:
    """Time 1,000 resamples of nine datasets of 500 images in memory."""
    parts = [next(tables(500, part)) for part in range(DATASETS)]
    frame = pd.concat([part.rows.frame for part in parts], ignore_index=True)
    table = EmbeddingTable(np.concatenate([part.vectors for part in parts]), Rows(frame), SPACE)
    start = time.process_time()
    relate(table, resamples=1000)
    return round(time.process_time() - start, 2)


def main() -> None:
    """Print times and peaks; write them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="JSON to write")
    options = parser.parse_args()
    found: dict[str, Any] = {"rows": options.rows, "resamples": options.resamples}
    found["nine_sets_of_500_processor_s"] = small()
    print(found, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "table", Path(folder) / "m.json"
        shares = np.full(PARTS, options.rows // PARTS)
        shares[: options.rows % PARTS] += 1
        for part, rows in enumerate(shares.tolist()):
            path = table / f"part-{part}.parquet"
            write_table_once(tables(rows, part), path, overwrite=False, request="scale")
        asked = ["relate", str(table), "--quiet", "--overwrite", "--out", str(out)]
        found["reading"] = measured(READ, str(table))
        print("reading", found["reading"], flush=True)
        found["matrix"] = measured(RELATE, *asked)
        print("matrix", found["matrix"], flush=True)
        found["with_intervals"] = measured(RELATE, *asked, "--resamples", str(options.resamples))
        print("with intervals", found["with_intervals"], flush=True)
    ratio = found["matrix"]["processor_s"] / found["reading"]["processor_s"]
    found["matrix_over_reading"] = round(ratio, 2)
    print(found)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
