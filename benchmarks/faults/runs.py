"""Faults that strike a run: signals, kills, another run, a full disk, streams that close."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

import rainmer_analysis
from benchmarks.faults.harness import (
    Command,
    Ended,
    Plain,
    Row,
    dying_at,
    extract,
    has_strace,
    hashes,
    hidden,
    make_images,
    rows_of,
)
from rainmer_analysis.errors import RainmerAnalysisError
from rainmer_analysis.train.data import Sample, build_pool

_PACKAGE = Path(rainmer_analysis.__file__).parent


def interrupted(place: Path, *, quick: bool) -> Row:
    """Interrupt and terminate at random times, once and twice."""
    row = Row("interrupt and termination", "SIGINT, SIGTERM at 20 random times, once and twice")
    images, rng = make_images(place / "images", 24), np.random.default_rng(0)
    clean = Command(extract(images, place / "clean"), place).wait()
    wanted, old = rows_of(place / "clean"), place / "old"
    Command(extract(make_images(place / "others", 3, seed=1), old), place).wait()
    for number in range(4 if quick else 20):
        sent, twice = ((signal.SIGINT, 130), (signal.SIGTERM, 143))[number % 2], number % 4 > 1
        before = hashes(old)
        command = Command(extract(images, old, "--overwrite"), place)
        time.sleep(float(rng.uniform(0, clean.clock)))
        command.send(sent[0])
        if twice:
            time.sleep(0.02)
            command.send(sent[0])
        ended = command.wait()
        done = ended.code == 0
        intact = hashes(old) == before or rows_of(old) == wanted
        codes = (sent[1], -sent[0], 0)
        good = ended.code in codes and ended.quiet and not ended.left and ended.seconds < 5
        row.check(good and intact, f"{sent[0].name}: code {ended.code}, {ended.seconds:.1f} s")
        if done:  # it was faster: begin again
            Command(extract(place / "others", old, "--overwrite"), place).wait()
    Command(extract(images, old, "--overwrite"), place).wait()
    row.check(rows_of(old) == wanted, "the rerun gave other rows")
    return row


def interrupted_in_ranks(place: Path, *, quick: bool) -> Row:
    """Interrupt and terminate the agent of torchrun, whose two workers share an extraction."""
    row = Row(
        "interrupt and termination under torchrun",
        "SIGINT, SIGTERM at 20 random times, once and twice; all processes gone in 35 s",
    )
    images = make_images(place / "images", 24)
    asked = [str(each) for each in extract(images, place / "clean")]
    subprocess.run([sys.executable, "-m", "rainmer_analysis", *asked], check=True)
    wanted = rows_of(place / "clean")
    clean = Command(extract(images, place / "ranks"), place, program=_torchrun).wait()
    row.check(clean.code == 0 and rows_of(place / "ranks") == wanted, f"torchrun: {clean.err}")
    for number, moment in enumerate(
        np.random.default_rng(7).uniform(0, clean.clock, 4 if quick else 20)
    ):
        sent, out = (signal.SIGINT, signal.SIGTERM)[number % 2], place / f"ranks-{number}"
        agent = Command(extract(images, out), place, program=_torchrun)
        time.sleep(moment)
        agent.send(sent)
        start = time.monotonic()
        if number % 4 > 1:
            time.sleep(0.1)
            agent.send(sent)
        ended = agent.wait(60)
        while (waited := time.monotonic() - start) < 60 and _processes_with_argument(str(out)):
            time.sleep(0.05)  # torchrun's workers are sessions of their own
        _kill_processes_with_argument(str(out))
        faults = {
            f"{waited:.0f} s": waited >= 35 or ended.left,
            # torchrun itself may show a traceback; in none may a line of the package stand
            ended.err[-600:]: f'File "{_PACKAGE}/' in ended.err,
            "other rows": rows_of(out) not in (None, wanted),
        }
        again = Command(extract(images, out), place, program=_torchrun).wait()
        faults[f"rerun: {again.code} {again.err[-600:]}"] = again.code != 0
        faults["other rows by the rerun"] = rows_of(out) != wanted
        faults[f"left: {hidden(out)}"] = bool(hidden(out))
        broken = [what for what, is_broken in faults.items() if is_broken]
        row.check(not broken, f"torchrun, {sent.name}: {ended.code} {broken}")
    return row


def _processes_with_argument(argument: str) -> dict[int, str]:
    """Return the processes whose command lines hold an argument, and those lines."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            arguments = path.read_bytes().decode("utf-8", "replace").split("\0")
            if argument in arguments:
                found[int(path.parent.name)] = " ".join(arguments)
    return found


def _kill_processes_with_argument(argument: str) -> None:
    """Kill the workers that outlived their agent, so that none disturbs what runs after them."""
    for process in _processes_with_argument(argument):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _torchrun() -> None:
    """Do what ``torchrun --nproc-per-node 2 -m rainmer_analysis`` does.

    Its workers are commands. Workers that are functions hold the agent for ever when one of them
    dies while it waits for the agent to take its result (a note in PyTorch's source says so).
    """
    asked = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=2, monitor_interval=0.1, rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0", run_id=str(os.getpid()),
    )  # fmt: skip
    elastic_launch(asked, sys.executable)("-m", "rainmer_analysis", *sys.argv[1:])


_SHARD = 8  # images in a shard here, so that few images make several


def killed(place: Path, *, quick: bool) -> Row:
    """Kill extractions at every step of their commits."""
    row = Row(
        "extraction killed at each step",
        "SIGKILL at each fsync, link, rename and removal of the program, and at each write, fsync, "
        "rename and link of the process (strace)",
    )
    struck = _Struck(row, place)
    steps = ({"prepare": _all_of(_small_shards, dying_at(n))} for n in count(1, 6 if quick else 1))
    struck.until_it_is_done("step", steps)
    for call in ("write,pwrite64", "fsync", "rename,renameat,renameat2,link,linkat"):
        if not has_strace():
            row.said = "no strace here"
            break
        struck.until_it_is_done(
            call,
            (
                {
                    "strace": ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}"],
                    "prepare": _small_shards,
                }
                for n in count(1, 12 if quick else 1)
            ),
        )
    return row


def killed_at_random(place: Path, *, quick: bool) -> Row:
    """Kill extractions at random times; every other kill strikes what was killed before."""
    row = Row("extraction killed at random times", "SIGKILL, once and twice")
    struck = _Struck(row, place)
    for moment in np.random.default_rng(1).uniform(0, struck.seconds, 6 if quick else 200):
        command = Command(extract(place / "images", struck.out), place, prepare=_small_shards)
        time.sleep(moment)
        command.send(signal.SIGKILL)
        struck.judge(command.wait(), f"{moment:.2f} s")
    return row


class _Struck:
    """An output that is struck again and again, and what is true of it each time."""

    def __init__(self, row: Row, place: Path) -> None:
        self._row, self._place = row, place
        images = make_images(place / "images", 20)
        clean = Command(extract(images, place / "clean"), place, prepare=_small_shards).wait()
        self._wanted, self.seconds = rows_of(place / "clean"), clean.clock
        self.out, self._number = place / "out", 0

    def until_it_is_done(self, what: str, kills: Iterator[dict[str, Any]]) -> None:
        """Strike later and later, until there is nothing left to strike."""
        for number, kill in enumerate(kills, 1):
            self._clear()
            ended = Command(extract(self._place / "images", self.out), self._place, **kill).wait()
            self.judge(ended, f"{what} {number}")
            if ended.code == 0:
                return

    def judge(self, ended: Ended, what: str) -> None:
        """Judge what a kill has left; every other time, also what the next run makes of it."""
        self._number += 1
        try:
            opened = rows_of(self.out) in (None, self._wanted)
        except Exception as error:
            opened, what = False, f"{what}: {error}"
        if self._number % 2 and ended.code:
            self._row.check(opened, f"{what}: {ended.code} {ended.err[-200:]}")
            return
        finished = 20 if self._stands() else _SHARD * len(list(self.out.glob(".extract-*/0*.npz")))
        encoded = self._place / "encoded"
        encoded.unlink(missing_ok=True)
        again = Command(
            extract(self._place / "images", self.out),
            self._place,
            prepare=_all_of(_small_shards, lambda: setattr(Plain, "counted", encoded)),
        ).wait()
        anew = encoded.stat().st_size if encoded.exists() else 0
        same = again.code == 0 and rows_of(self.out) == self._wanted and not hidden(self.out)
        lost = anew > max(0, 20 - finished)
        told = f"{what}: {again.err[-200:]} {anew} anew of 20, {finished} were finished"
        self._row.check(opened and same and not lost, told)
        self._clear()

    def _stands(self) -> bool:
        return rows_of(self.out) is not None

    def _clear(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)


def _small_shards() -> None:
    from rainmer_analysis.infer.extraction import resumable_extraction as work

    work.SHARD = _SHARD  # type: ignore[misc]


def _all_of(*steps: Callable[[], object]) -> Callable[[], None]:
    def prepare() -> None:
        for step in steps:
            step()

    return prepare


def overwritten(place: Path, *, quick: bool) -> Row:
    """Kill runs with --overwrite: both views are of one run."""
    row = Row("--overwrite killed", "SIGKILL at each fsync, link, rename, unlink of the commit")
    sets = [make_images(place / name, 6, seed=seed) for seed, name in enumerate("AB")]
    clean = []
    for number, images in enumerate(sets):
        Command(extract(images, place / f"clean-{number}"), place).wait()
        clean.append(rows_of(place / f"clean-{number}"))
    out = place / "out"
    for step in range(1, 30, 5 if quick else 1):
        Command(extract(sets[0], out, "--overwrite"), place).wait()
        Command(extract(sets[1], out, "--overwrite"), place, prepare=dying_at(step)).wait()
        found = rows_of(out)
        Command(extract(sets[1], out, "--overwrite"), place).wait()
        last = rows_of(out) == clean[1] and not hidden(out)
        row.check(found in clean and last, f"step {step}")
    return row


def two_runs(place: Path, *, quick: bool) -> Row:
    """Start two runs on one output at the same moment."""
    row = Row(
        "two runs on one output",
        "started at once; flock working, patched to do nothing; holder killed",
    )
    sets = [make_images(place / name, 10, seed=seed) for seed, name in enumerate("AB")]
    clean = []
    for number, images in enumerate(sets):
        Command(extract(images, place / f"clean-{number}"), place).wait()
        clean.append(rows_of(place / f"clean-{number}"))

    def without_locks() -> None:
        fcntl.flock = lambda *_: None  # type: ignore[assignment]

    for number in range(4 if quick else 50):
        prepare, out = (None, without_locks)[number % 2], place / f"out-{number}"
        pair = (sets[0], sets[(number // 2) % 2])  # the same request, or another
        both = [Command(extract(each, out, "--overwrite"), place, prepare=prepare) for each in pair]
        ended = [each.wait() for each in both]
        whole = rows_of(out) in clean and not hidden(out)
        codes = sorted(each.code for each in ended)
        # without locks the run that was first may find its tables replaced when it looks at them
        words = ("is writing to", "was replaced while it was read")[: 2 if prepare else 1]
        told = all(
            str(out) in each.err and any(word in each.err for word in words)
            for each in ended
            if each.code
        )
        good = codes in ([0, 0], [0, 1]) and told and all(each.quiet for each in ended)
        row.check(whole and good, f"codes {codes}: {[each.err[-150:] for each in ended]}")
    out = place / "held"
    holder = Command(extract(sets[0], out), place, prepare=_slow)
    time.sleep(0.5)
    loser = Command(extract(sets[0], out), place).wait()
    told = f"process {holder.process} on" in loser.err
    row.check(loser.code == 1 and told and loser.seconds < 2, f"loser: {loser.err[-200:]}")
    holder.send(signal.SIGKILL)
    holder.wait()
    after = Command(extract(sets[0], out), place).wait()
    row.check(after.code == 0 and rows_of(out) == clean[0] and not hidden(out), "after the holder")
    return row


def _slow() -> None:
    from rainmer_analysis.infer.extraction import stream_encoded_images as stream

    inner = stream._encode_batch

    def encode(*given: object) -> object:
        time.sleep(1)
        return inner(*given)  # type: ignore[arg-type]

    stream._encode_batch = encode  # type: ignore[assignment]


def full_disk(place: Path, *, quick: bool) -> Row:
    """Run on small file systems, and print into a full one."""
    row = Row(
        "disk full",
        "tmpfs of many sizes, empty and with an older result; a pool of training images; stdout on "
        "/dev/full",
    )
    images, disk = make_images(place / "images", 24), place / "disk"
    disk.mkdir()
    Command(extract(images, place / "clean"), place).wait()
    wanted = rows_of(place / "clean")
    others = make_images(place / "others", 3, seed=1)
    sizes = np.unique(np.geomspace(8, 120, 4 if quick else 30).astype(int))
    for size in sizes:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)],
            capture_output=True, check=False,
        )  # fmt: skip
        if mounted.returncode:
            row.said = "no right to mount a file system here; /dev/full alone"
            break
        try:
            ended = Command(extract(images, disk / "out"), place).wait()
            told = ended.code == 1 and str(disk) in ended.err and "bytes" in ended.err
            visible = [path for path in (disk / "out").glob("*") if not path.name.startswith(".")]
            good = (told and not visible) if ended.code else rows_of(disk / "out") == wanted
            subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
            again = Command(extract(images, disk / "out"), place).wait()
            same = again.code == 0 and rows_of(disk / "out") == wanted
            row.check(good and same and ended.quiet, f"{size} kB: {ended.err[-300:]}")
            if size < 48:
                continue
            # an older result lies there, and hardly more room than it takes
            shutil.rmtree(disk / "out")
            Command(extract(others, disk / "out"), place).wait()
            old, before = rows_of(disk / "out"), hashes(disk / "out")
            room = f"size={size - 30}k"
            subprocess.run(["mount", "-o", f"remount,{room}", str(disk)], check=False)
            ended = Command(extract(images, disk / "out", "--overwrite"), place).wait()
            told = ended.code == 1 and str(disk) in ended.err and "bytes" in ended.err
            unchanged = told and hashes(disk / "out") == before and rows_of(disk / "out") == old
            good = unchanged if ended.code else rows_of(disk / "out") == wanted
            row.check(good and ended.quiet, f"{room}, older result: {ended.err[-300:]}")
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    _pool_on_a_full_disk(row, disk)
    full = os.open("/dev/full", os.O_WRONLY)
    told = Command(extract(images, place / "clean"), place, streams=(full, None)).wait()
    row.check(told.code == 1 and told.quiet and "cannot be printed" in told.err, told.err[-200:])
    quiet = Command(extract(images, place / "clean"), place, streams=(None, full)).wait()
    row.check(quiet.code == 0 and "up to date" in quiet.out, f"stderr full: {quiet.code}")
    os.close(full)
    return row


def _pool_on_a_full_disk(row: Row, disk: Path) -> None:
    """Make a pool of 800 kB where there is less room: mapped files end by a signal there."""
    asked = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        return

    def make() -> None:
        images = [np.zeros((3, side, side), np.uint8) for side in (128, 128, 64, 64)]
        samples = (Sample("a", str(number), *images) for number in range(8))
        try:
            build_pool(samples, disk / "pools" / "p", count=8, digest="d")
        except RainmerAnalysisError as error:
            print(error, file=sys.stderr)
            raise SystemExit(1) from error

    try:
        ended = Command([], disk.parent, program=make).wait()
        told = ended.code == 1 and ended.quiet and str(disk / "pools" / "p") in ended.err
        row.check(told and not any((disk / "pools").iterdir()), f"a pool: {ended}")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def closed_streams(place: Path, *, quick: bool) -> Row:
    """Close what a command prints into."""
    row = Row(
        "closed pipe, no terminal",
        "closed stdout and stderr, a reader that leaves, head -1 of several commands, 20 columns",
    )
    images, out = make_images(place / "images", 4), place / "out"
    Command(extract(images, out), place).wait()
    for which in range(2):
        reader, writer = os.pipe()
        os.close(reader)
        streams = (writer, None) if which == 0 else (None, writer)
        ended = Command(extract(images, out), place, streams=streams).wait()
        os.close(writer)
        row.check(ended.code == 0 and ended.quiet, f"pipe {which}: {ended.code} {ended.err[-200:]}")

    table, matrix = str(out / "statistics-chromatic.parquet"), place / "m.json"
    for asked in (["--help"], ["datasets", "list"], ["relate", table, "--out", matrix],
                  ["extract", "--help"], ["relate", table, "--json", "--out", matrix]):  # fmt: skip
        told = _through_head([str(each) for each in asked], place)
        row.check(told == "", f"{asked} | head -1: {told}")

    def narrow() -> None:
        os.environ.update(NO_COLOR="1", COLUMNS="20")

    def closed() -> None:
        os.close(1)
        sys.stdout = None  # type: ignore[assignment]

    for prepare in (narrow, closed):
        ended = Command(extract(images, out), place, prepare=prepare).wait()
        row.check(ended.code == 0 and ended.quiet, f"{prepare.__name__}: {ended.err[-200:]}")
    return row


def _through_head(arguments: list[str], place: Path) -> str:
    """Pipe a command into ``head -1``; return what is wrong about its end."""
    reader, writer = os.pipe()
    head = subprocess.Popen(["head", "-1"], stdin=reader, stdout=subprocess.DEVNULL)
    os.close(reader)
    command = Command(arguments, place, streams=(writer, None))
    os.close(writer)
    ended = command.wait()
    head.wait()
    return "" if ended.quiet and ended.code in (0, 1) else f"{ended.code} {ended.err[-300:]}"


def unwritable(place: Path, *, quick: bool) -> Row:
    """Name places that cannot be written to."""
    row = Row("unwritable output or caches", "read-only mount, immutable folder, HOME unset")
    images, disk = make_images(place / "images", 4), place / "disk"
    disk.mkdir()

    def home() -> None:
        os.environ.pop("HOME", None)

    ended = Command(extract(images, place / "homeless"), place, prepare=home).wait()
    row.check(ended.code == 0, f"HOME unset: {ended.err[-200:]}")
    for name, do, undo in (
        ("read-only", ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", disk], ["umount", disk]),
        ("immutable", ["chattr", "+i", disk], ["chattr", "-i", disk]),
    ):
        if subprocess.run([*map(str, do)], capture_output=True, check=False).returncode:
            row.said = f"no right to make a place {name}"
            continue
        try:
            for out in (disk, disk / "out"):
                ended = Command(extract(images, out), place, prepare=_no_encoder).wait()
                told = ended.code == 1 and str(disk) in ended.err and "no encoder" not in ended.err
                row.check(told and ended.seconds < 2 and ended.quiet, f"{name}: {ended.err[-200:]}")
        finally:
            subprocess.run([*map(str, undo)], check=True)
    return row


def _no_encoder() -> None:
    """Let the loading of an encoder fail: what is found before it is found early."""
    from rainmer_analysis.recipes import extract_tables

    def fail(*_: object, **__: object) -> None:
        raise ValueError("no encoder was to be loaded")

    extract_tables.load_encoder = fail  # type: ignore[assignment]
