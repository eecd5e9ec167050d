"""What checksums and syncs cost: relate, extract and training with and without, side by side.

::

    python -m benchmarks.faults.costs [--only relate extract training] [--rows 1000000]
        [--images 64] [--steps 20] [--rounds 3]

Each pair runs in turn in this process, first one way round and then the other. Processor time is
compared, which other programs on the machine hardly spoil, and beside it seconds on the clock, in
which syncs wait for the disk. Without means without any digest of any byte: also without the
SHA-256 of the images that are read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.faults.harness import make_images, patched
from rainmer_analysis.images import load_image_set, reading
from rainmer_analysis.infer import extract, load_encoder
from rainmer_analysis.recipes.relate_tables import cached_matrix
from rainmer_analysis.recipes.training import train_network
from rainmer_analysis.values import EmbeddingTable, Rows, Space, TableStream, write
from rainmer_analysis.values.parquet import parquet_writing, pieces
from rainmer_analysis.values.parquet.format import checksums

_SPACE = Space("random", "chromatic", "0" * 64, "bilinear-128", "exact")


@contextmanager
def without() -> Iterator[None]:
    """Leave checksums and syncs out."""
    plain = {**parquet_writing._WRITING, "write_page_checksum": False}
    with ExitStack() as left_out:
        for owner, name, value in (
            (os, "fsync", lambda _: None),
            (checksums.ColumnSums, "add", lambda *_: None),
            (pieces._CHECKED, "lacks", lambda *_: False),
            (pieces, "demand_rows", lambda *_: None),
            (parquet_writing, "_WRITING", plain),
            (reading, "sha256_of", lambda _: "0" * 64),
        ):
            left_out.enter_context(patched(owner, name, value))
        yield


def compared(
    work: Callable[[], object], rounds: int, *, warm: Callable[[], object]
) -> dict[str, Any]:
    """Return seconds of some work with and without, and by how many percent they differ."""
    taken: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}

    def timed(name: str) -> None:
        with nullcontext() if name == "with" else without():
            start = time.process_time(), time.perf_counter()
            work()
            taken[name].append((time.process_time() - start[0], time.perf_counter() - start[1]))

    warm()  # what is compiled and cached once
    for number in range(rounds):
        for name in ("with", "without") if number % 2 else ("without", "with"):
            timed(name)
        pair = {name: [round(each, 3) for each in told[-1]] for name, told in taken.items()}
        print(f"pair {number}: {pair}", file=sys.stderr, flush=True)
    found: dict[str, Any] = {"pairs": rounds}
    for at, clock in enumerate(("processor", "clock")):
        sides = {name: [each[at] for each in told] for name, told in taken.items()}
        ratios = [one / other for one, other in zip(sides["with"], sides["without"], strict=True)]
        found[f"{clock}_more_percent"] = round(100 * (median(ratios) - 1), 2)
        found |= {f"{clock}_{name}_s": round(median(told), 3) for name, told in sides.items()}
    return found


def parts(folder: Path, rows: int, *, part: int = 100_000) -> Path:
    """Write a folder of parts of random unit vectors of 128 dimensions, of ten datasets."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, part):
        size = min(part, rows - start)
        vectors = rng.standard_normal((size, 128)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        names = [f"d{n % 10}/{n:08d}.png" for n in range(start, start + size)]
        frame = pd.DataFrame({"image_id": names, "group": names})
        frame["dataset"] = [f"d{n % 10}" for n in range(start, start + size)]
        write(EmbeddingTable(vectors, Rows(frame), _SPACE), folder / f"p{start:08d}.parquet")
    return folder


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=sorted(_MEASURED), default=sorted(_MEASURED))
    for name, usual in (("rows", 1_000_000), ("images", 64), ("steps", 20), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="costs-") as folder:
        for name in given.only:
            found |= _MEASURED[name](Path(folder), given)
    print(json.dumps(found, indent=1))


def _relating(place: Path, given: argparse.Namespace) -> dict[str, Any]:
    table, small = parts(place / "t", given.rows), parts(place / "small", 1000)
    measured = compared(_relate(table), given.rounds, warm=_relate(small))
    return {"relate": {"rows": given.rows, **measured}}


def _relate(table: Path) -> Callable[[], object]:
    def work() -> object:
        pieces._CHECKED._known.clear()  # as in a fresh process
        out = table.parent / "matrix.json"
        out.unlink(missing_ok=True)
        return cached_matrix(TableStream(table), out)

    return work


def _extracting(place: Path, given: argparse.Namespace) -> dict[str, Any]:
    found = {}
    for name, size in (("rainmer", (321, 481)), ("statistics", (321, 481)), ("small", (16, 20))):
        folder = make_images(place / name, given.images, size=size)
        images = load_image_set({"a": folder}, per_dataset=None)
        encoder = load_encoder("rainmer" if name == "rainmer" else "statistics", device="cpu")
        work = _extract(images, encoder, place / f"{name}-out")
        told = {"images": given.images, "pixels": size, "encoder": encoder.name}
        found[f"extract, {name}"] = {**told, **compared(work, given.rounds, warm=work)}
    return found


def _extract(images: Any, encoder: Any, out: Path) -> Callable[[], object]:
    number = count()
    return lambda: extract(images, encoder, out=out / str(next(number)), workers=1)


def _training(place: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure whole runs that write a checkpoint every tenth step, more often than any does."""
    changes = {"run.steps": given.steps, "run.checkpoint_every": 10, "run.batch": 4}
    changes |= {"data.per_dataset": 5, "objective.crop": 64}
    number, texts = count(), {name: str(value) for name, value in changes.items()}

    def work() -> object:
        out = place / f"run-{next(number)}"
        return train_network(
            "encoder", "tiny", out, changes=texts, cache=place / "pools", workers=0
        )

    return {"training": {"steps": given.steps, **compared(work, given.rounds, warm=work)}}


_MEASURED = {"relate": _relating, "extract": _extracting, "training": _training}

if __name__ == "__main__":
    main()
