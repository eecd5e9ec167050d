"""Faults of several processes, of memory and of syncs: workers, ranks, allocations."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.harness import (
    Command,
    Ended,
    Row,
    dying_at,
    extract,
    hidden,
    make_images,
    rows_of,
)
from rainmer_analysis.errors import ProcessError
from rainmer_analysis.infer.room import Room
from rainmer_analysis.recipes.worker_processes import in_processes


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
    wanted = Room(_Narrow(99, MemoryError)).encode(images)
    for most in (0, 1, 3):
        for error in (MemoryError, RuntimeError):
            found = Room(_Narrow(most, error)).encode(images)
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


def strike_worker(number: int) -> int:
    """Send a signal to this worker at the third task."""
    if number == 3:
        Path(os.environ["FAULT_AT"]).write_text(str(time.time()), encoding="utf-8")
        os.kill(os.getpid(), int(os.environ["FAULT"]))
    return number


def work(_: int) -> int:
    """Tell who works, and take a while."""
    time.sleep(60)
    return 0


def workers(place: Path, *, quick: bool) -> Row:
    """Kill and stop workers, and kill their parent."""
    row = Row(
        "a worker dies, shared memory small",
        "SIGKILL and SIGSTOP of a worker, SIGKILL of its parent",
    )
    row.said = "shared memory is not used, so that none is made small"
    for number, words in (
        (signal.SIGKILL, "ended without a word"),
        (signal.SIGSTOP, "was stopped"),
    ):
        struck, told = place / f"{number.name}.at", "no error"
        os.environ.update(FAULT=str(int(number)), FAULT_AT=str(struck))
        try:
            list(in_processes(strike_worker, range(9), workers=2))
        except ProcessError as error:
            told = str(error)
        took = time.time() - float(struck.read_text(encoding="utf-8"))
        row.check(words in told and took < 60, f"{number.name}: {told} ({took:.0f} s)")
    program = (
        "from benchmarks.faults.processes import work\n"
        "from rainmer_analysis.recipes.worker_processes import in_processes\n"
        "if __name__ == '__main__':\n    list(in_processes(work, range(4), workers=2))\n"
    )
    script = place / "parent.py"
    script.write_text(program, encoding="utf-8")
    path = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": path})
    end, children = time.monotonic() + 300, []
    while len(children) < 2 and time.monotonic() < end:
        children = [each for each in _children(parent.pid) if b"spawn_main" in _line(each)]
        time.sleep(0.2)
    time.sleep(1)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 60
    while any(_line(each) for each in children) and time.monotonic() < end:
        time.sleep(0.2)
    left = [each for each in children if _line(each)]
    row.check(len(children) == 2 and not left, f"orphans {left} of {children}")
    for each in left:
        os.kill(each, signal.SIGKILL)
    return row


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


def _ranks(images: Path, out: Path, place: Path, world: int, *, strike: int = -1) -> list[Command]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])

    def prepare(rank: int) -> None:
        told = {"WORLD_SIZE": world, "RANK": rank, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update({key: str(value) for key, value in told.items()})
        if rank == strike:
            dying_at(4)()

    return [
        Command(extract(images, out, "--per-dataset", "2000"), place, prepare=lambda: prepare(rank))  # noqa: B023
        for rank in range(world)
    ]


def ranks(place: Path, *, quick: bool) -> Row:
    """Share images out to several processes, and kill one of them."""
    row = Row("ranks", "2, 3, 4 gloo processes; SIGKILL of one, restart with another count")
    images = make_images(place / "images", 53 if quick else 1003)
    Command(extract(images, place / "clean", "--per-dataset", "2000"), place).wait(300)
    wanted = rows_of(place / "clean")
    for world in (2,) if quick else (2, 3, 4):
        out = place / f"out-{world}"
        ended = [each.wait(300) for each in _ranks(images, out, place, world)]
        same = rows_of(out) == wanted and not hidden(out)
        row.check(same and all(each.code == 0 for each in ended), f"{world}: {ended[0].err[-300:]}")
        struck = place / f"struck-{world}"
        ended = [each.wait(300) for each in _ranks(images, struck, place, world, strike=1)]
        quiet = all(each.code == 1 and each.quiet for each in ended if each.code != -9)
        row.check(quiet and ended[1].code == -9, f"{world} struck: {ended[0].err[-300:]}")
        ended = [each.wait(300) for each in _ranks(images, struck, place, world + 1)]
        same = rows_of(struck) == wanted and not hidden(struck)
        row.check(same and all(each.code == 0 for each in ended), f"restart: {ended[0].err[-300:]}")
    return row


def training(place: Path, *, quick: bool) -> Row:
    """Kill a training run at several steps of its checkpoints, also twice, and resume it."""
    row = Row(
        "training resumed",
        "SIGKILL at the n-th fsync, rename or removal of a run, once and twice; pools by 0 and 2 "
        "workers",
    )

    def train(name: str, *more: str, workers: int = 0, at: int = 0) -> Ended:
        asked = ["train", "encoder", "--config", "tiny", "--out", str(place / name), *more]
        asked += ["--workers", str(workers), "--cache", str(place / f"pools-{workers}")]
        return Command(asked, place, prepare=dying_at(at) if at else None).wait(600)

    clean = train("clean")
    if clean.code:
        row.check(False, f"undisturbed: {clean.err[-500:]}")
        return row
    wanted = _learnt(place / "clean")
    for number, steps in enumerate([(9,)] if quick else [(5,), (9,), (14,), (20,), (26,), (9, 6)]):
        name = f"run-{number}"
        for index, step in enumerate(steps):
            train(name, *(["--resume"] if index else []), at=step)
        ended = train(name, "--resume")
        same = ended.code == 0 and _learnt(place / name) == wanted
        row.check(same and ended.quiet, f"killed at {steps}: {ended.err[-300:]}")
    if not quick:
        ended = train("pooled", workers=2)
        row.check(_learnt(place / "pooled") == wanted, f"two workers: {ended.err[-300:]}")
    return row


def _learnt(run: Path) -> tuple[bytes, list[list[str]]]:
    """Return a run's weights, and its log without what the clock says."""
    lines = [line.split(",") for line in (run / "log.csv").read_text().splitlines()]
    kept = [at for at, name in enumerate(lines[0]) if name != "images_per_second"]
    weights = (run / "weights.safetensors").read_bytes()
    return weights, [[line[at] for at in kept] for line in lines]


def syncs(place: Path, *, quick: bool) -> Row:
    """Watch the order of system calls, and let syncs fail, with strace."""
    row = Row(
        "power loss, failing fsync", "strace: the order of a commit's calls; EIO from each fsync"
    )
    if subprocess.run(["strace", "-V"], capture_output=True, check=False).returncode:
        row.said = "no strace here"
        return row
    images = make_images(place / "images", 4)
    command = [sys.executable, "-m", "rainmer_analysis"]
    trace, out = place / "trace", place / "out"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat"
    watched = ["strace", "-f", "-y", "-qq", "--seccomp-bpf", "-o", str(trace), "-e", calls]
    subprocess.run(
        [*watched, *command, *map(str, extract(images, out))], check=True, capture_output=True
    )
    row.check(*_ordered(trace.read_text(encoding="utf-8", errors="replace"), out))
    for number in (2,) if quick else (1, 2, 4, 6, 8, 10):
        target = place / f"eio-{number}"
        inject = f"inject=fsync:error=EIO:when={number}"
        ended = subprocess.run(
            [*watched, "-e", inject, *command, *map(str, extract(images, target))],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        visible = list(target.glob("*.parquet"))
        told = "Input/output error" in ended.stderr and str(target) in ended.stderr
        good = ended.returncode == 1 and told and len(visible) in (0, 2)
        row.check(
            good and "Traceback" not in ended.stderr, f"fsync {number}: {ended.stderr[-300:]}"
        )
    return row


def _ordered(trace: str, out: Path) -> tuple[bool, str]:
    """Say whether every file is synced before the list is linked, and folders after renames."""
    lines = [line.split(None, 1)[1] for line in trace.splitlines() if str(out) in line]
    linked = next(
        (n for n, line in enumerate(lines) if line.startswith("link") and ".commit.json" in line),
        None,
    )
    if linked is None:
        return False, "no commit was seen"
    before = [line for line in lines[:linked] if line.startswith("fsync") and ".commit-" in line]
    staged = {line.split("<")[1].split(">")[0] for line in before}
    renames = [
        n for n, line in enumerate(lines) if line.startswith("rename") and ".commit-" in line
    ]
    after = [line for line in lines[max(renames) :] if line.startswith("fsync")]
    whole = len(staged) >= 4 and renames and min(renames) > linked and after
    return bool(whole), f"synced {sorted(staged)}, linked {linked}, renamed {renames}"
