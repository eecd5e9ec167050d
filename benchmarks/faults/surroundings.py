"""Faults of what surrounds a run: limits, users, clocks, streams, and folders that change."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.harness import (
    ENCODER,
    VIEWS,
    Command,
    Ended,
    Plain,
    Row,
    extract,
    has_strace,
    make_images,
    rows_of,
)

_NOBODY = 65534


@dataclass(frozen=True)
class _Bench:
    """Images, and the vectors that an undisturbed run gives."""

    row: Row
    place: Path
    images: Path
    wanted: object

    def run(
        self, name: str, *more: str, prepare: Callable[[], object] | None = None, out: str = "out"
    ) -> Ended:
        """Extract into the folder of a case."""
        (self.place / name).mkdir(exist_ok=True)
        return Command(
            extract(self.images, self.place / name / out, *more), self.place, prepare=prepare
        ).wait()

    def judge(self, name: str, ended: Ended, *, told: str | None = None, out: str = "out") -> None:
        """Judge a run: all is there, or one sentence that says `told`; and then all is there."""
        folder = self.place / name / out
        good = ended.quiet and not ended.left
        if told is None:
            good = good and ended.code == 0 and rows_of(folder) == self.wanted
        else:
            good = good and (ended.code == 0 or (ended.code == 1 and told in ended.err))
            good = good and rows_of(folder) in (None, self.wanted)
            again = self.run(name, "--overwrite", out=out)
            good = good and again.code == 0 and rows_of(folder) == self.wanted
        self.row.check(good, f"{name}: {ended.code} {ended.err[-500:]}")


def surroundings(place: Path, *, quick: bool) -> Row:
    """Disturb runs by what surrounds them."""
    row = Row(
        "what surrounds a run",
        "limits of open files, memory and threads, no inodes left, two users and their umask, a "
        "clock set back or ahead, the folder of results moved, removed or replaced by a link "
        "meanwhile, files that grow, names that differ in case, 100 datasets of one image, stdin "
        "closed, a reader of progress that leaves, SIGHUP, two encoders at once in one folder, "
        "every n-th file refused",
    )
    images = make_images(place / "images", 12)
    Command(extract(images, place / "clean"), place).wait()
    bench = _Bench(row, place, images, rows_of(place / "clean"))
    for case in (_limits, _users, _clocks, _folders, _names, _streams, _encoders):
        case(bench)
    _refused_files(bench, step=9 if quick else 5)
    return row


def _limits(bench: _Bench) -> None:
    for name, kind, most, told in (
        ("64 open files", resource.RLIMIT_NOFILE, 64, "Too many open files"),
        ("32 open files", resource.RLIMIT_NOFILE, 32, "Too many open files"),
        ("16 open files", resource.RLIMIT_NOFILE, 16, "Too many open files"),
        ("files of 4 kB", resource.RLIMIT_FSIZE, 1 << 12, "File too large"),
    ):
        ended = bench.run(name, prepare=lambda: resource.setrlimit(kind, (most, most)))  # noqa: B023
        bench.judge(name, ended, told=told)
    for room in (1, 4, 16, 64):
        ended = bench.run(f"{room} MB more", prepare=lambda: _leave_memory(room))  # noqa: B023
        bench.judge(f"{room} MB more", ended, told="memory")
    ended = bench.run("no threads", prepare=_without_threads)
    bench.judge("no threads", ended, told="thread")
    with _mounted(bench, "size=4m,nr_inodes=6") as disk:
        if disk is not None:
            asked = extract(bench.images, disk / "out")
            ended = Command(asked, bench.place).wait()
            good = ended.code == 1 and str(disk) in ended.err and "files" in ended.err
            bench.row.check(good and ended.quiet, f"no inodes: {ended.code} {ended.err[-300:]}")


def _leave_memory(megabytes: int) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20),) * 2)


def _without_threads() -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threading.Thread.start = start  # type: ignore[method-assign]


@contextmanager
def _mounted(bench: _Bench, options: str) -> Iterator[Path | None]:
    disk = bench.place / "disk"
    disk.mkdir(exist_ok=True)
    asked = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        bench.row.said = "no right to mount a file system here"
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _users(bench: _Bench) -> None:
    """One user writes what others may not read; another one comes to the same folder."""
    if os.geteuid() != 0:
        bench.row.said = "no right to be two users"
        return

    def nobody() -> None:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)

    bench.place.parent.chmod(0o711)  # of this suite's own folder
    above = [each for each in bench.place.parents if not each.stat().st_mode & 0o001]
    if above:
        bench.row.said = f"{above[0]} is closed to other users"
        return
    shared = bench.place / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    before = os.umask(0o077)
    first = Command(extract(bench.images, shared / "out"), bench.place).wait()
    os.umask(before)
    bench.row.check(first.code == 0, f"umask 077: {first.err[-300:]}")
    for more in ((), ("--overwrite",)):
        asked = extract(bench.images, shared / "out", *more)
        other = Command(asked, bench.place, prepare=nobody).wait()
        good = other.code in (1, 2) and other.quiet and str(shared) in other.err
        same = rows_of(shared / "out") == bench.wanted
        bench.row.check(good and same, f"another user: {other.code} {other.err[-300:]}")
    (shared / "out").chmod(0o777)
    other = Command(extract(bench.images, shared / "out"), bench.place, prepare=nobody).wait()
    good = other.code in (0, 1) and other.quiet and rows_of(shared / "out") == bench.wanted
    bench.row.check(good, f"another user, folder open: {other.code} {other.err[-300:]}")


def _clocks(bench: _Bench) -> None:
    for name, shift in (("clock back", -86_400.0 * 400), ("clock ahead", 86_400.0 * 400)):

        def shifted(shift: float = shift) -> None:
            inner = time.time
            time.time = lambda: inner() + shift

        bench.judge(name, bench.run(name, prepare=shifted))
        bench.judge(name, bench.run(name, "--overwrite"))
    old = make_images(bench.place / "old", 3)
    for number, moment in enumerate((0, -86_400, 4_102_444_800)):
        os.utime(old / f"{number:04d}.png", (moment, moment))
    ended = Command(extract(old, bench.place / "old-out"), bench.place).wait()
    bench.row.check(ended.code == 0 and ended.quiet, f"times of files: {ended.err[-300:]}")


def _folders(bench: _Bench) -> None:
    """Move, remove and replace the folder of results while a run goes."""

    def moved(out: Path) -> None:
        out.rename(out.with_name("elsewhere"))
        out.symlink_to(out.with_name("elsewhere"))

    cases: dict[str, Callable[[Path], object]] = {
        "replaced by a link": moved,
        "removed": shutil.rmtree,
        "replaced by a file": lambda out: (shutil.rmtree(out), out.write_text("x")),
    }
    for name, strike in cases.items():
        out = bench.place / name / "out"
        ended = bench.run(name, prepare=lambda: _at_first_image(lambda: strike(out)))  # noqa: B023
        if out.is_file():
            out.unlink()
        bench.judge(name, ended, told=str(out))
    name = "results among the images"
    among = make_images(bench.place / name, 12)
    for _ in range(2):
        ended = Command(extract(among, among / "out"), bench.place).wait()
        good = ended.code == 0 and rows_of(among / "out") == bench.wanted
        bench.row.check(good and ended.quiet, f"{name}: {ended.err[-300:]}")
    growing = make_images(bench.place / "growing", 12)
    target = growing / "0003.png"

    def grow() -> None:
        with target.open("ab") as file:
            file.write(b"more")

    asked = extract(growing, bench.place / "growing-out")
    ended = Command(asked, bench.place, prepare=lambda: _at_first_image(grow)).wait()
    good = ended.code == 0 and ended.quiet
    bench.row.check(good, f"a file that grows: {ended.err[-300:]}")
    for name in ("dangling", "loop"):
        (bench.place / name).mkdir()
        target = bench.place / name / "out"
        target.symlink_to("nowhere" if name == "dangling" else "out")
        ended = bench.run(name)
        good = ended.quiet and (ended.code == 0 or str(target) in ended.err)
        bench.row.check(good, f"results in a link that is {name}: {ended.err[-300:]}")


def _at_first_image(strike: Callable[[], object]) -> None:
    inner, done = Plain.encode, []

    def encode(self: Plain, images: object) -> object:
        if not done:
            done.append(strike())
        return inner(self, images)

    Plain.encode = encode  # type: ignore[method-assign, assignment]


def _names(bench: _Bench) -> None:
    twins = make_images(bench.place / "twins", 2)
    (twins / "0000.PNG").write_bytes((twins / "0001.png").read_bytes())
    (twins / "sub").mkdir()
    (twins / "Sub").mkdir()
    for folder in ("sub", "Sub"):
        shutil.copy(twins / "0000.png", twins / folder / "x.png")
    ended = Command(extract(twins, bench.place / "twins-out"), bench.place).wait()
    found = rows_of(bench.place / "twins-out") or {VIEWS[0]: {}}
    good = ended.code == 0 and ended.quiet and len(found[VIEWS[0]]) == 5
    bench.row.check(good, f"names in two cases: {ended.err[-300:]}")
    sources = [make_images(bench.place / "many" / f"{n:03d}", 1, seed=n) for n in range(100)]
    asked = [f"{'aA'[n % 2]}{n // 2}={source}" for n, source in enumerate(sources)]
    out = bench.place / "many-out"
    more = ["--encoder", "statistics", "--out", str(out), "--workers", "1"]
    ended = Command(["extract", *asked, *more], bench.place).wait()
    found = rows_of(out) or {VIEWS[0]: {}}
    good = ended.code == 0 and ended.quiet and len(found[VIEWS[0]]) == 100
    bench.row.check(good, f"100 datasets: {ended.err[-300:]}")
    table = str(out / f"statistics-{VIEWS[0]}.parquet")
    ended = Command(["relate", table, "--out", str(out / "m.json")], bench.place).wait()
    bench.row.check(ended.code in (0, 1) and ended.quiet, f"100 related: {ended.err[-300:]}")


def _streams(bench: _Bench) -> None:
    bench.judge("no stdin", bench.run("no stdin", prepare=lambda: os.close(0)))
    reader, writer = os.pipe()
    name = "a reader that leaves"
    (bench.place / name).mkdir()
    asked = extract(bench.images, bench.place / name / "out")
    command = Command(asked, bench.place, streams=(writer, writer))
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    bench.judge(name, command.wait())
    for number in range(3):
        name = f"SIGHUP {number}"
        (bench.place / name).mkdir()
        command = Command(extract(bench.images, bench.place / name / "out"), bench.place)
        time.sleep(0.15 * (number + 1))
        command.send(signal.SIGHUP)
        ended = command.wait()
        whole = rows_of(bench.place / name / "out") in (None, bench.wanted)
        again = bench.run(name)
        same = again.code == 0 and rows_of(bench.place / name / "out") == bench.wanted
        bench.row.check(whole and same and ended.quiet, f"{name}: {ended.code} {ended.err[-300:]}")


def _encoders(bench: _Bench) -> None:
    """Two encoders write into one folder at one moment; each leaves one image out."""
    images = make_images(bench.place / "two", 6)
    (images / "bad.png").write_bytes(b"")

    def other() -> None:
        Plain.name = "untrained:1"

    for number in range(4):
        out = bench.place / f"two-{number}"
        asked = extract(images, out, "--overwrite")
        second = ["untrained:1" if each == ENCODER else each for each in asked]
        both = [Command(asked, bench.place), Command(second, bench.place, prepare=other)]
        ended = [each.wait() for each in both]
        tables = sorted(path.name for path in out.glob("*.parquet"))
        listed = (out / "skipped.csv").read_text(encoding="utf-8")
        good = all(each.code == 0 and each.quiet for each in ended) and len(tables) == 4
        good = good and ",statistics" in listed and ",untrained:1" in listed
        bench.row.check(good, f"two encoders: {tables} {[each.err[-200:] for each in ended]}")


def _refused_files(bench: _Bench, *, step: int) -> None:
    """Let the n-th opening of a file fail, for want of descriptors or of rights."""
    if not has_strace():
        return
    for error in ("EMFILE", "EACCES"):
        number, done = 1, 0
        while done < 2 and number < 200:
            name = f"{error} {number}"
            (bench.place / name).mkdir()
            inject = ["-e", "trace=openat", "-e", f"inject=openat:error={error}:when={number}"]
            asked = extract(bench.images, bench.place / name / "out")
            trace = bench.place / "openat"
            watched = [*inject, "-o", str(trace)]
            ended = Command(asked, bench.place, strace=watched).wait()
            if "INJECTED" not in trace.read_text(encoding="utf-8", errors="replace"):
                done += 1
            whole = rows_of(bench.place / name / "out")
            listed = bench.place / name / "out" / "skipped.csv"
            left_out = listed.exists() and len(listed.read_text().splitlines()) > 1
            good = ended.quiet and ended.code in (0, 1)
            good = good and (whole in (None, bench.wanted) or left_out)
            bench.row.check(good, f"{name}: {ended.code} {ended.err[-600:]}")
            number += step
