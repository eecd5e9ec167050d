"""What grows with the number of images, and how long a command takes to start.

::

    python -m benchmarks.speed.scale memory [--encoder NAME]  # peak of extract, two sizes
    python -m benchmarks.speed.scale relate                   # 1,000,000 rows: peak, time, disk
    python -m benchmarks.speed.scale startup                  # import, --help, relate and plot
    python -m benchmarks.speed.scale restoration [--size 3000x4000]  # peak of derain, one image

Peaks are ``VmHWM`` of fresh processes that run the command line. The images of ``memory`` are one
tiny file under many names: what is looked for grows with their number, not with their size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.images import read_image, write_png
from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap, write, write_table_once

SPACE = Space("random", "chromatic", "0" * 64, "bilinear-128", "exact")
DIM, DATASETS, PART = 128, 10, 100_000
COMMAND = """
import re, sys
from pathlib import Path
from rainmer_analysis.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    assert left.code == 0, left.code
status = Path("/proc/self/status").read_text()
heavy = [name for name in ("torch", "umap", "numba") if name in sys.modules]
print("\\n" + str(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) + " " + ",".join(heavy))
"""


def command(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the command line in a fresh process; give its peak in MB, seconds, and heavy modules."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments, "--quiet"],
        check=True,
        capture_output=True,
        text=True,
    )
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, _, heavy = done.stdout.splitlines()[-1].partition(" ")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "peak_mb": round(int(peak) * 1024 / 1e6, 1),
        "clock_s": round(clock, 2),
        "processor_s": round(used, 2),
        "imported": heavy,
    }


def measure_memory(options: argparse.Namespace) -> dict[str, Any]:
    """Extract few and many images in turn, and compare the peaks."""
    found: dict[int, list[float]] = {count: [] for count in options.counts}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for count in options.counts:
            _images(place / f"images-{count}", count)
        for number in range(options.rounds):
            for count in options.counts:
                out = place / f"out-{count}-{number}"
                asked = ["extract", f"set={place / f'images-{count}'}", "--out", str(out)]
                asked += ["--encoder", options.encoder, "--per-dataset", str(count)]
                found[count].append(command([*asked, "--device", "cpu"])["peak_mb"])
                print(f"{options.encoder}, {count:,} images: {found[count][-1]} MB", flush=True)
    few, *_, many = options.counts
    low, high = median(found[few]), median(found[many])
    ratio, each = high / low, (high - low) * 1e6 / (many - few)
    noise = max(max(peaks) - min(peaks) for peaks in found.values())
    print(f"ratio {ratio:.4f}, {each:.0f} bytes an image; equal runs differ by {noise:.1f} MB")
    return {
        "encoder": options.encoder,
        "peaks_mb": found,
        "ratio": round(ratio, 4),
        "bytes_per_image": round(each),
        "largest_difference_of_equal_runs_mb": round(noise, 1),
    }


def _images(folder: Path, count: int) -> None:
    folder.mkdir()
    first = folder / "0000000.png"
    write_png(np.random.default_rng(0).random((3, 16, 16)), first)
    for number in range(1, count):
        (folder / f"{number:07d}.png").hardlink_to(first)


def _tables(rows: int, part: int) -> Iterator[EmbeddingTable]:
    """Draw a part of random rows, some thousand at a time."""
    generator = np.random.default_rng(part)
    for low in range(0, rows, 5000):
        vectors = generator.normal(size=(5000, DIM))
        numbers = [part * rows + low + each for each in range(5000)]
        names = [f"set{each % DATASETS}/{each:09d}.png" for each in numbers]
        frame = pd.DataFrame({"image_id": names, "group": names, "path": names})
        frame = frame.assign(dataset=[name.partition("/")[0] for name in names])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield EmbeddingTable(vectors, Rows(frame), SPACE)


def measure_relate(options: argparse.Namespace) -> dict[str, Any]:
    """Relate a folder of parts."""
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "table", Path(folder) / "matrix.json"
        for part in range(options.rows // PART):
            path = table / f"part-{part:03d}.parquet"
            write_table_once(_tables(PART, part), path, overwrite=False, request=None)
        disk = sum(path.stat().st_size for path in table.iterdir())
        found = command(["relate", str(table), "--out", str(out)])
    found |= {"rows": options.rows, "dimensions": DIM, "disk_bytes_per_row": disk // options.rows}
    print(found)
    return found


def measure_startup(options: argparse.Namespace) -> dict[str, Any]:
    """Start fresh interpreters that do little; median of the clock, the first of each left out."""
    module = ["-m", "rainmer_analysis"]
    starts = {
        "python alone": ["-c", "pass"],
        "import rainmer_analysis": ["-c", "import rainmer_analysis"],
        "--help": [*module, "--help"],
        "extract --help": [*module, "extract", "--help"],
        "reproduce --help": [*module, "reproduce", "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(options.rounds + 1):
        for name, arguments in starts.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - start)
    found: dict[str, Any] = {name: round(median(each[1:]), 3) for name, each in seconds.items()}
    with tempfile.TemporaryDirectory() as folder:
        found |= _reading_commands(Path(folder))
    for name, told in found.items():
        print(f"{name:24} {told}")
    return found


def _reading_commands(place: Path) -> dict[str, Any]:
    """Run what reads tables and maps; give seconds and whether torch was imported."""
    table = next(_tables(5000, 0)).take(range(200))
    write(table, place / "table.parquet")
    points = table.vectors[:, :3] / np.linalg.norm(table.vectors[:, :3], axis=1, keepdims=True)
    write(SphereMap(points, table.rows, SPACE), place / "map.parquet")
    asked = {
        "relate": ["relate", str(place / "table.parquet"), "--out", str(place / "m.json")],
        "plot matrix": ["plot", "matrix", str(place / "m.json"), "--out", str(place / "m.png")],
        "plot map": ["plot", "map", str(place / "map.parquet"), "--out", str(place / "p.png")],
    }
    return {name: command(arguments) for name, arguments in asked.items()}


def measure_restoration(options: argparse.Namespace) -> dict[str, Any]:
    """Restore one large photograph."""
    height, width = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "given.png", Path(folder) / "out.png"
        write_png(_large_image(height, width), given)
        found = command(["derain", str(given), "--out", str(out), "--device", "cpu"])
        shape = list(read_image(out).shape)
    assert shape == [3, height, width], shape
    found["megapixels"] = height * width / 1e6
    print(found)
    return found


def _large_image(height: int, width: int) -> npt.NDArray[np.float32]:
    """Draw waves of several colours under noise."""
    rng = np.random.default_rng(0)
    rows, columns = np.arange(height)[:, None] / 37, np.arange(width) / 53
    image = np.empty((3, height, width), np.float32)
    for channel in range(3):
        image[channel] = 0.5 + 0.3 * np.sin(rows + channel) * np.cos(columns - channel)
    return np.clip(image + rng.normal(0, 0.05, (height, width)).astype(np.float32), 0, 1)


PROGRAMS = {
    "memory": measure_memory,
    "relate": measure_relate,
    "startup": measure_startup,
    "restoration": measure_restoration,
}


def main() -> None:
    """Run the program that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--encoder", default="statistics", help="for 'memory'")
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 20_000])
    parser.add_argument("--rows", type=int, default=1_000_000, help="for 'relate'")
    parser.add_argument("--size", default="3000x4000", help="for 'restoration'")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="JSON to write")
    options = parser.parse_args()
    document = {"program": options.program, "found": PROGRAMS[options.program](options)}
    document |= {"python": sys.version.split()[0], "cpu_count": os.cpu_count()}
    if options.out:
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
