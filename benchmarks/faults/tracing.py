"""Faults of system calls, watched or injected by strace: reads and syncs that fail, their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.harness import Command, Row, extract, has_strace, make_images, rows_of

_NO_STRACE = "no strace here"
_ORDER = "write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink"
_CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
_PATH = re.compile(r'<(/[^>]*)>|"(/[^"]*)"')


def unreadable(place: Path, *, quick: bool) -> Row:
    """Let the disk fail in reading one image."""
    row = Row(
        "one image that the disk cannot read", "strace: EIO from every read of one of the images"
    )
    if not has_strace():
        row.said = _NO_STRACE
        return row
    images = make_images(place / "images", 6)
    for number in (2,) if quick else range(6):
        target, out = images / f"{number:04d}.png", place / f"out-{number}"
        inject = ["-P", str(target), "-e", "trace=read,pread64"]
        inject += ["-e", "inject=read,pread64:error=EIO"]
        ended = Command(extract(images, out), place, strace=inject).wait()
        listed = (out / "skipped.csv").read_text(encoding="utf-8") if out.exists() else ""
        found = rows_of(out) or {"chromatic": {}}
        named = f"a/{target.name}," in listed and "Input/output error" in listed
        good = ended.code == 0 and ended.quiet and named and len(found["chromatic"]) == 5
        row.check(good, f"{ended.code}: {ended.err[-300:]}")
    return row


def syncs(place: Path, *, quick: bool) -> Row:
    """Watch the order of system calls, and let each sync fail."""
    row = Row(
        "power loss, failing fsync",
        "strace: whether each write, sync, link, rename and removal of a run has what it relies on "
        "on the disk before it; EIO from each fsync",
    )
    if not has_strace():
        row.said = _NO_STRACE
        return row
    images = make_images(place / "images", 4)
    trace, out = place / "trace", place / "out"
    watch = ["-y", "-s", "0", "-o", str(trace), "-e", f"trace={_ORDER}"]
    ended = Command(extract(images, out), place, strace=watch).wait()
    row.check(ended.code == 0, f"undisturbed: {ended.err[-300:]}")
    for what, holds in _judged(list(_calls(trace, out)), out):
        row.check(holds, what)
    number, done = 0, False
    while not done:
        number += 3 if quick else 1
        target = place / f"eio-{number}"
        inject = ["-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={number}"]
        ended = Command(extract(images, target), place, strace=inject).wait()
        done = ended.code == 0  # there are no more syncs
        visible = len(list(target.glob("*.parquet")))
        told = "Input/output error" in ended.err and str(target) in ended.err
        whole = visible in (0, 2) and (visible == 0 or rows_of(target) == rows_of(out))
        failed = ended.code == 1 and told and ended.quiet
        row.check(whole and (done or failed), f"fsync {number}: {ended.code} {ended.err[-300:]}")
        again = Command(extract(images, target), place).wait()
        row.check(again.code == 0 and rows_of(target) == rows_of(out), f"after fsync {number}")
    return row


def _calls(trace: Path, out: Path) -> Iterator[tuple[str, list[str]]]:
    """Return the system calls that concern a folder, in order: name and paths."""
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        paths = [one or other for one, other in _PATH.findall(found[2])]
        if any(path == str(out) or path.startswith(f"{out}/") for path in paths):
            yield found[1], paths


def _judged(calls: list[tuple[str, list[str]]], out: Path) -> Iterator[tuple[str, bool]]:
    """Judge each step by what a power loss right after it would leave.

    A file that gets another name has been synced after its last write, and so has the folder of
    what a list of a commit names; what is renamed by that list, or removed, waits until the list's
    own name is on the disk; the list goes once the folder has been synced after the last rename.
    """
    written: dict[str, int] = {}
    synced: dict[str, int] = {}
    listed = moved = -1
    for at, (name, paths) in enumerate(calls):
        if name in ("write", "pwrite64", "writev"):
            written[paths[0]] = at
        elif name in ("fsync", "fdatasync"):
            synced[paths[0]] = at
        elif name.startswith(("rename", "link")):
            source, target = paths[-2:]
            what = f"{name} {Path(source).name} {Path(target).name}"
            files = [each for each in written if each == source or each.startswith(f"{source}/")]
            if target.endswith("/.commit.json"):
                listed = at
                files += [each for each in written if "/.commit-" in each]
                staged = {str(Path(each).parent) for each in files if "/.commit-" in each}
                yield f"{what}: folder of what it names", bool(staged) and staged <= synced.keys()
            elif "/.commit-" in source:
                moved = at
                yield f"{what}: after the list's name", synced.get(str(out), -1) > listed >= 0
            good = [synced.get(each, -1) > written[each] for each in files]
            yield f"{what}: synced after its last write", all(good)
        elif name == "unlink" and paths[-1].endswith("/.commit.json"):
            yield "the list is removed last", synced.get(str(out), -1) > moved > listed >= 0
    last = max((at for at, call in enumerate(calls) if call[0].startswith("rename")), default=-1)
    yield "the folder is synced last", synced.get(str(out), -1) > last >= 0
