"""What checksums and syncs cost: relate, extract and training with and without, side by side.

::

    python -m benchmarks.faults.costs [--only relate extract training] [--rows 1000000]
        [--images 64] [--steps 20] [--rounds 3] [--tables FOLDER]

Each pair runs in turn in this process, first one way round and then the other. Processor time is
compared, and beside it seconds on the clock, in which syncs wait for the disk. Without means
without any digest of any byte: also without the SHA-256 of the images that are read. Where other
programs share the machine, pairs differ by more than what is sought; so the processor time inside
of digests, checks and syncs is counted in further runs as well, and told as percents of the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
from PIL import Image

from benchmarks.faults.harness import patched
from rainmer_analysis.images import load_image_set, reading
from rainmer_analysis.images.decoding import pillow
from rainmer_analysis.infer import extract, load_encoder
from rainmer_analysis.recipes.relate_tables import relate_and_write_matrix
from rainmer_analysis.recipes.training import train_network
from rainmer_analysis.values import EmbeddingTable, Rows, Space, TableStream, write
from rainmer_analysis.values.disk import checksummed_folders
from rainmer_analysis.values.parquet import parquet_writing, part_streams
from rainmer_analysis.values.parquet.format import column_checksums

_SPACE = Space("random", "chromatic", "0" * 64, "bilinear-128", "exact")


@contextmanager
def without() -> Iterator[None]:
    """Leave checksums and syncs out."""
    plain = {**parquet_writing._WRITING, "write_page_checksum": False}
    with ExitStack() as left_out:
        for owner, name, value in (
            (os, "fsync", lambda _: None),
            (column_checksums.ColumnDigests, "add", lambda *_: None),
            (part_streams._CHECKED, "lacks", lambda *_: False),
            (part_streams, "demand_same_row_count", lambda *_: None),
            (parquet_writing, "_WRITING", plain),
            (reading, "sha256_of", lambda _: "0" * 64),
            (pillow, "demand_intact_png", lambda _: None),
        ):
            left_out.enter_context(patched(owner, name, value))
        yield


def compared(
    works: Sequence[Callable[[], object]], *, warm: Callable[[], object]
) -> dict[str, Any]:
    """Return seconds of each piece of work with and without, and by how many percent they differ.

    Percents are of the sums, and of the middle pair with the quartiles of all pairs.
    """
    taken: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}

    def timed(name: str, work: Callable[[], object]) -> None:
        with nullcontext() if name == "with" else without():
            start = time.process_time(), time.perf_counter()
            work()
            taken[name].append((time.process_time() - start[0], time.perf_counter() - start[1]))

    warm()  # what is compiled and cached once
    for number, work in enumerate(works):
        for name in ("with", "without") if number % 2 else ("without", "with"):
            timed(name, work)
        pair = {name: [round(each, 3) for each in told[-1]] for name, told in taken.items()}
        print(f"pair {number}: {pair}", file=sys.stderr, flush=True)
    found: dict[str, Any] = {"pairs": len(works)}
    for at, clock in enumerate(("processor", "clock")):
        sides = {name: [each[at] for each in told] for name, told in taken.items()}
        ratios = [one / other for one, other in zip(sides["with"], sides["without"], strict=True)]
        more = np.quantile(ratios, [0.25, 0.5, 0.75]) - 1
        whole = sum(sides["with"]) / sum(sides["without"]) - 1
        found[f"{clock}_more_percent"] = round(100 * whole, 2)
        found[f"{clock}_more_percent_of_pairs"] = [round(100 * each, 2) for each in more]
        found |= {f"{clock}_{name}_s": round(sum(told), 3) for name, told in sides.items()}
    return found


def accounted(
    works: Sequence[Callable[[], object]], *, more: Callable[[], float] = lambda: 0.0
) -> dict[str, Any]:
    """Return processor seconds inside of digests, checks and syncs, and percents of the rest.

    `more` gives seconds that cannot be counted from outside, for all works together.
    """
    inside: list[float] = []

    def counting(inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return inner(*given, **named)
            finally:
                inside.append(time.thread_time() - start)

        return call

    with ExitStack() as counted:
        for owner, name in (
            (os, "fsync"),
            (column_checksums.ColumnDigests, "add"),
            (part_streams, "demand_same_row_count"),
            (reading, "sha256_of"),
            (pillow, "demand_intact_png"),
            (checksummed_folders, "_sha256"),
        ):
            counted.enter_context(patched(owner, name, counting(getattr(owner, name))))
        start = time.process_time()
        for work in works:
            work()
        whole = time.process_time() - start
    checks = sum(inside) + more()
    percent = round(100 * checks / (whole - checks), 2)
    return {"checks_s": round(checks, 3), "whole_s": round(whole, 3), "checks_percent": percent}


def _page_checks(paths: Sequence[Path]) -> float:
    """Return the seconds that Arrow takes for the checksums of pages: of each, least of several."""
    whole = 0.0
    for path in paths:
        least = {}
        for checks in (True, False) * 3:
            start = time.process_time()
            with pq.ParquetFile(path, page_checksum_verification=checks) as file:
                for _ in file.iter_batches(1 << 12, use_threads=False):
                    pass
            least[checks] = min(least.get(checks, 1e9), time.process_time() - start)
        whole += max(0.0, least[True] - least[False])
    return whole


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
    parser.add_argument("--no-pairs", dest="pairs", action="store_false", help="count alone")
    parser.add_argument("--tables", type=Path, help="folder that keeps the parts of the table")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="costs-") as folder:
        for name in given.only:
            found |= _MEASURED[name](Path(folder), given)
    print(json.dumps(found, indent=1))


def _relating(place: Path, given: argparse.Namespace) -> dict[str, Any]:
    table, small = (given.tables or place) / f"rows-{given.rows}", parts(place / "small", 1000)
    if not table.exists():
        parts(table, given.rows)
    warm = _relate(small)
    found = {}
    if given.rounds:
        measured = compared([_relate(table)] * given.rounds, warm=warm)
        found["relate"] = {"rows": given.rows, **measured}
    pieces_of_it = sorted(table.glob("*.parquet"))  # pairs that lie closer together in time
    works = [_relate(each) for each in pieces_of_it]
    measured = compared(works, warm=warm) if given.pairs else {}
    measured |= accounted(works, more=lambda: _page_checks(pieces_of_it))
    return found | {"relate, part by part": {"rows": given.rows, **measured}}


def _relate(table: Path) -> Callable[[], object]:
    def work() -> object:
        part_streams._CHECKED._known.clear()  # as in a fresh process
        out = table.with_name("matrix.json")
        out.unlink(missing_ok=True)
        return relate_and_write_matrix(TableStream(table), out)

    return work


def _extracting(place: Path, given: argparse.Namespace) -> dict[str, Any]:
    found = {}
    for name, size in (("rainmer", (321, 481)), ("statistics", (321, 481)), ("small", (16, 20))):
        folder = _photographs(place / name, given.images, size=size)
        images = load_image_set({"a": folder}, per_dataset=None)
        encoder = load_encoder("rainmer" if name == "rainmer" else "statistics", device="cpu")
        work = _extract(images, encoder, place / f"{name}-out")
        told = {"images": given.images, "pixels": size, "encoder": encoder.name}
        found[f"extract, {name}"] = {**told, **_both(work, given)}
    return found


def _both(work: Callable[[], object], given: argparse.Namespace) -> dict[str, Any]:
    works = [work] * given.rounds
    if given.pairs:
        return {**compared(works, warm=work), **accounted(works)}
    work()
    return accounted(works)


def _photographs(folder: Path, count: int, *, size: tuple[int, int]) -> Path:
    """Write PNG images that compress as photographs do: broad light and fine grain."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        light = rng.integers(0, 256, (6, 9, 3), np.uint8)
        wide = Image.fromarray(light).resize(size[::-1], Image.Resampling.BICUBIC)
        grain = rng.normal(0, 3, (*size, 3))
        pixels = np.clip(np.asarray(wide) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:04d}.png")
    return folder


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

    return {"training": {"steps": given.steps, **_both(work, given)}}


_MEASURED = {"relate": _relating, "extract": _extracting, "training": _training}

if __name__ == "__main__":
    main()
