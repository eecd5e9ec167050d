"""What checksums and syncs cost: extract, relate and checkpoints with and without, side by side.

::

    python -m benchmarks.faults.costs [--rows 1000000] [--images 256] [--rounds 3]

Each pair runs in turn in this process, first one way round and then the other, and processor time
is compared, which other programs on the machine do not spoil; for syncs, which wait, the seconds
that they took are given beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.faults.harness import make_images, patched
from rainmer_analysis.images import load_image_set
from rainmer_analysis.infer import extract, load_encoder
from rainmer_analysis.scores import relate
from rainmer_analysis.train.loop.checkpoints import save_state
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
        ):
            left_out.enter_context(patched(owner, name, value))
        yield


def compared(
    work: Callable[[], object], rounds: int, *, warm: Callable[[], object]
) -> dict[str, Any]:
    """Return processor seconds of some work with and without, and their ratio."""
    taken: dict[str, list[float]] = {"with": [], "without": []}

    def plain() -> None:
        start = time.process_time()
        work()
        taken["with"].append(time.process_time() - start)

    def bare() -> None:
        with without():
            start = time.process_time()
            work()
            taken["without"].append(time.process_time() - start)

    warm()  # what is compiled and cached once
    for number in range(rounds):
        for each in (plain, bare) if number % 2 else (bare, plain):
            each()
        pair = {name: round(seconds[-1], 3) for name, seconds in taken.items()}
        print(f"pair {number}: {pair}", file=sys.stderr, flush=True)
    pairs = zip(taken["with"], taken["without"], strict=True)
    ratios = [each / other for each, other in pairs]
    return {
        "with_s": round(median(taken["with"]), 3),
        "without_s": round(median(taken["without"]), 3),
        "more_percent": round(100 * (median(ratios) - 1), 2),
    }


def parts(folder: Path, rows: int, *, part: int = 100_000) -> Path:
    """Write a folder of parts of random unit vectors of 128 dimensions, of ten datasets."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, part):
        count = min(part, rows - start)
        vectors = rng.standard_normal((count, 128)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        names = [f"d{n % 10}/{n:08d}.png" for n in range(start, start + count)]
        frame = pd.DataFrame({"image_id": names, "group": names})
        frame["dataset"] = [f"d{n % 10}" for n in range(start, start + count)]
        write(EmbeddingTable(vectors, Rows(frame), _SPACE), folder / f"p{start:08d}.parquet")
    return folder


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="costs-") as name:
        place = Path(name)
        table, small = parts(place / "t", given.rows), parts(place / "small", 1000)
        found = {"relate": compared(_relate(table), given.rounds, warm=_relate(small))}
        folder = make_images(place / "images", given.images, size=(321, 481))
        images = load_image_set({"a": folder}, per_dataset=None)
        encode, save = _extract(images, place), _save(place)
        found["extract"] = compared(encode, given.rounds, warm=encode)
        found["checkpoint"] = compared(save, given.rounds, warm=save) | {"sync_s": _sync(place)}
    found["relate"]["rows"], found["extract"]["images"] = given.rows, given.images
    print(json.dumps(found, indent=1))


def _relate(table: Path) -> Callable[[], object]:
    def work() -> object:
        pieces._CHECKED._known.clear()  # as in a fresh process
        stream = TableStream(table)
        assert stream.content_sha256
        return relate(stream)

    return work


def _extract(images: Any, place: Path) -> Callable[[], object]:
    encoder, number = load_encoder("statistics", device="cpu"), iter(range(1000))
    return lambda: extract(images, encoder, out=place / f"out-{next(number)}", workers=1)


def _save(place: Path) -> Callable[[], object]:
    state = {"module": {"weight": torch.zeros(1 << 22)}, "version": 2}
    folder = place / "run"
    folder.mkdir()
    return lambda: save_state(folder, state)


def _sync(place: Path) -> float:
    """Return the seconds that syncing a checkpoint of 16 MB takes beside writing it."""
    waits: list[float] = []
    inner = os.fsync

    def timed(descriptor: int) -> None:
        start = time.perf_counter()
        inner(descriptor)
        waits.append(time.perf_counter() - start)

    (place / "sync").mkdir()
    work = _save(place / "sync")
    with patched(os, "fsync", timed):
        work()
    return round(sum(waits), 3)


if __name__ == "__main__":
    main()
