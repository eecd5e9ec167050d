"""Faults of several processes and of memory: workers, ranks, allocations."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.harness import (
    Command,
    Ended,
    Row,
    dying_at,
    extract,
    group_of_ranks,
    hidden,
    make_images,
    rows_of,
)
from rainmer_analysis.errors import ProcessError
from rainmer_analysis.infer.extraction.adaptive_batches import AdaptiveBatchEncoder
from rainmer_analysis.recipes.worker_processes import map_in_processes


class _Narrow:
    """An encoder with room for a few images at once."""

    name, preprocessing, sha256, api_version = "narrow", "bilinear-128", "0" * 64, 1
    views = {"chromatic": 3}  # noqa: RUF012

    def __init__(self, most: int, error: type[Exception]) -> None:
        self._most, self._error = most, error

    def encode(self, images: Any) -> dict[str, np.ndarray]:
        if len(images) > self._most:
            raise self._error("CUDA out of memory. Tried to allocate 2.00 GiB")
        means = images.mean(axis=(2, 3)) + 0.1
        return {"chromatic": means / np.linalg.norm(means, axis=1, keepdims=True)}


def out_of_memory(place: Path, *, quick: bool) -> Row:
    """Let allocations fail above a number of images."""
    row = Row(
        "no GPU, GPU out of memory",
        "CUDA_VISIBLE_DEVICES empty; allocations refused above 0, 1, 3 images",
    )
    images = [np.full((3, 8, 8), value, np.float32) for value in np.linspace(0, 1, 9)]
    wanted = AdaptiveBatchEncoder(_Narrow(99, MemoryError)).encode(images)
    for most in (0, 1, 3):
        for error in (MemoryError, RuntimeError):
            found = AdaptiveBatchEncoder(_Narrow(most, error)).encode(images)
            same = all(
                a is not None
                and b is not None
                and np.allclose(a["chromatic"], b["chromatic"], atol=1e-5)
                for a, b in zip(found, wanted, strict=True)
            )
            row.check(same if most else found == [None] * 9, f"room for {most}, {error.__name__}")
    asked = extract(make_images(place / "images", 3), place / "out")
    none = Command(asked, place, prepare=lambda: os.environ.update(CUDA_VISIBLE_DEVICES="")).wait()
    row.check(none.code == 0 and none.quiet, none.err[-200:])
    return row


_BUSY = """
import sys, time
from rainmer_analysis.recipes.worker_processes import map_in_processes
for _ in map_in_processes({task}, {tasks}, workers=2): pass
print("done")
"""


def workers(place: Path, *, quick: bool) -> Row:
    """Kill and stop workers, kill their parent, and leave little shared memory."""
    row = Row(
        "a worker dies, shared memory small",
        "SIGKILL and SIGSTOP of a worker, SIGKILL of its parent from the start of the workers on; "
        "8 MB of /dev/shm",
    )
    for number, words in (
        (signal.SIGKILL, "ended without a word"),
        (signal.SIGSTOP, "was stopped"),
    ):
        for before in (0,) if quick else (0, 2, 7):
            tasks, told, start = [0] * before + [number, 0], "no error", time.monotonic()
            try:
                list(map_in_processes(signal.raise_signal, tasks, workers=2))
            except ProcessError as error:
                told = str(error)
            took = time.monotonic() - start
            row.check(words in told and took < 60, f"{number.name}: {told} ({took:.0f} s)")
    for wait in (0.0,) if quick else (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
        _kill_the_parent(row, wait)
    _with_little_shared_memory(row)
    return row


def _kill_the_parent(row: Row, wait: float) -> None:
    program = _BUSY.format(task="time.sleep", tasks="[600] * 4")
    parent = subprocess.Popen([sys.executable, "-c", program])
    end, workers = time.monotonic() + 300, []
    while len(workers) < 2 and time.monotonic() < end:
        workers = [each for each in _children(parent.pid) if b"spawn_main" in _line(each)]
        time.sleep(0.01)
    time.sleep(wait)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 60
    while (left := [each for each in workers if _line(each)]) and time.monotonic() < end:
        time.sleep(0.05)
    row.check(len(workers) == 2 and not left, f"after {wait} s: {left} of {workers} are left")
    for each in left:
        os.kill(each, signal.SIGKILL)


def _with_little_shared_memory(row: Row) -> None:
    """Send 200 MB through workers where /dev/shm, a mount of this command's own, holds 8 MB."""
    program = _BUSY.format(task="bytes", tasks="[10_000_000] * 20")
    mount = "mount -t tmpfs -o size=8m tmpfs /dev/shm && exec "
    inner = mount + shlex.join([sys.executable, "-c", program])
    asked = ["unshare", "--mount", "sh", "-c", inner]
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        row.said = "no right to a /dev/shm of its own here"
        return
    ended = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=600)
    row.check(ended.returncode == 0 and "done" in ended.stdout, f"8 MB: {ended.stderr[-300:]}")


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
        except (OSError, ValueError):
            continue
    return found


def _line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def ranks(place: Path, *, quick: bool) -> Row:
    """Share images out to several processes, and kill one of them."""
    row = Row(
        "ranks",
        "1,003 images on 2, 3, 4 gloo processes; SIGKILL of one, the first among them; restart "
        "with another count",
    )
    images = make_images(place / "images", 53 if quick else 1003)
    Command(_shared(images, place / "clean"), place).wait(600)
    wanted = rows_of(place / "clean")
    for world, strike in ((2, 1),) if quick else ((2, 1), (2, 0), (3, 2), (4, 1)):
        out, struck = place / f"out-{world}-{strike}", place / f"struck-{world}-{strike}"
        ended = _in_ranks(images, out, place, world)
        same = rows_of(out) == wanted and not hidden(out)
        row.check(same and all(each.code == 0 for each in ended), f"{world}: {ended[0].err[-300:]}")
        ended = _in_ranks(images, struck, place, world, strike=strike)
        others = [each for rank, each in enumerate(ended) if rank != strike]
        quiet = all(each.code == 1 and each.quiet and not each.left for each in others)
        late = max(each.clock for each in others) - ended[strike].clock
        good = quiet and ended[strike].code == -9 and late < 45
        row.check(good, f"{world}, {strike} struck, {late:.0f} s: {others[0].err[-300:]}")
        ended = _in_ranks(images, struck, place, world + 1)
        same = rows_of(struck) == wanted and not hidden(struck)
        row.check(same and all(each.code == 0 for each in ended), f"restart: {ended[0].err[-300:]}")
    return row


def _shared(images: Path, out: Path) -> list[str | Path]:
    return extract(images, out, "--per-dataset", "2000")


def _in_ranks(images: Path, out: Path, place: Path, world: int, *, strike: int = -1) -> list[Ended]:
    join = group_of_ranks(world)

    def prepare(rank: int) -> None:
        join(rank)
        if rank == strike:
            dying_at(4)()

    started = [
        Command(_shared(images, out), place, prepare=lambda: prepare(rank))  # noqa: B023
        for rank in range(world)
    ]
    with ThreadPoolExecutor(world) as waiting:  # so that each one's end is seen when it comes
        return list(waiting.map(lambda each: each.wait(600), started))
