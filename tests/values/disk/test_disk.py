"""Commits of one rename, locks with a holder, leftovers of the dead, and messages of full disks."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from rainmer_analysis.errors import FileFormatError, OutputInUseError, StorageError
from rainmer_analysis.values import (
    commit_staged_files,
    demand_unlocked,
    demand_writable,
    find_committed_path,
    finish_interrupted_commit,
    hold_lock,
    lock_path_of,
    recover_folder,
    remove_leftovers,
    staging_folder,
    write_atomically,
)
from rainmer_analysis.values.disk.leftover_temporary_files import temporary_name_part
from rainmer_analysis.values.disk.sync_and_storage_errors import sync_file

Fill = Callable[[Path], None]


def fill(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def stage(folder: Path, text: str) -> None:
    """Commit two views of one run, and remove an old form."""
    with staging_folder(folder) as staged:
        (staged / "one").write_text(text)
        (staged / "table").mkdir()
        (staged / "table" / "part").write_text(text)
        commit_staged_files(folder, staged, remove=("old",))


def views(folder: Path) -> set[str]:
    places = [folder / "one", folder / "table"]
    one, table = (find_committed_path(place) for place in places)
    return {one.read_text(), (table / "part").read_text()}


def test_files_of_a_commit_appear_together(tmp_path: Path) -> None:
    for text in ("A", "B"):
        (tmp_path / "old").mkdir()
        stage(tmp_path, text)
        assert views(tmp_path) == {text}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "table"]


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("at", range(17))
def test_a_commit_that_is_killed_anywhere_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Every step that changes the disk is a place to die; what follows is what a reader finds."""
    stage(tmp_path, "A")
    (tmp_path / "old").write_text("the other form")
    calls = 0

    def dying(name: str, inner: Callable[..., object]) -> Callable[..., object]:
        def step(*given: object, **named: object) -> object:
            nonlocal calls
            if calls == at:
                raise _Killed(name)
            calls += 1
            return inner(*given, **named)

        return step

    with monkeypatch.context() as patched, pytest.MonkeyPatch.context() as still:
        still.setattr(shutil, "rmtree", lambda *_, **__: None)  # the dead tidy nothing
        for owner, name in ((os, "link"), (os, "fsync"), (Path, "replace"), (Path, "unlink")):
            patched.setattr(owner, name, dying(name, getattr(owner, name)))
        try:
            stage(tmp_path, "B")
        except _Killed:
            killed = True
        else:
            killed = False
    assert killed == (at <= 14)  # that many steps there are, and none is left out
    assert views(tmp_path) in ({"A"}, {"B"})
    if finish_interrupted_commit(tmp_path) or not killed:
        assert views(tmp_path) == {"B"}
    assert not (tmp_path / ".commit.json").exists()
    assert (tmp_path / "old").exists() == (views(tmp_path) == {"A"})
    stage(tmp_path, "C")
    assert views(tmp_path) == {"C"}


def test_what_is_committed_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    inner_sync, inner_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        order.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink()}")
        inner_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        order.append(f"rename {target}")
        return inner_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(tmp_path / "a.txt", fill("x"))
    assert len(order) == 3
    assert order[0].startswith(f"sync {tmp_path}/.a-unfinished-")
    assert order[1:] == [f"rename {tmp_path / 'a.txt'}", f"sync {tmp_path}"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_is_told_with_path_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    target = tmp_path / "t.txt"
    target.write_text("old")

    def broken(path: Path) -> None:
        path.write_text("half of it")
        raise OSError(code, os.strerror(code))

    with pytest.raises(StorageError, match=r"t\.txt cannot be written \(.*, after 10 bytes; [\d,]"):
        write_atomically(target, broken)

    def failing(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match="is unchanged: make room or repair the disk"):
        write_atomically(target, fill("new"))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("several", [False, True])
def test_a_disk_that_fails_at_each_sync_is_told_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    """What is said to be unchanged is unchanged, and what is said to be in place is there."""
    inner, told = os.fsync, []
    for number in range(1, 20):
        place, calls = tmp_path / str(number), iter(range(1, 100))
        stage(place, "old")
        (place / "two").write_text("old")

        def failing(descriptor: int) -> None:
            if next(calls) == number:  # noqa: B023
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            inner(descriptor)

        monkeypatch.setattr(os, "fsync", failing)
        try:
            stage(place, "new") if several else write_atomically(place / "two", fill("new"))
        except StorageError as error:
            kinds = ("is in place", "is unchanged")
            told.append(next(each for each in kinds if each in str(error)))
        else:
            told.append("done")
        monkeypatch.setattr(os, "fsync", inner)
        name = "one" if several else "two"
        new = find_committed_path(place / name).read_text() == "new"
        assert new == (told[-1] != "is unchanged"), f"sync {number}: {told[-1]}"
        if told[-1] == "done":
            break
    assert list(dict.fromkeys(told)) == ["is unchanged", "is in place", "done"]


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="file systems do not count files here")
def test_a_file_system_without_room_for_more_names_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = os.statvfs

    def full(place: Path) -> SimpleNamespace:
        told = {name: getattr(inner(place), name) for name in ("f_bavail", "f_frsize", "f_blocks")}
        return SimpleNamespace(**told, f_bfree=told["f_bavail"], f_files=5, f_favail=0)

    def write(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "statvfs", full)
    with pytest.raises(StorageError, match=r"bytes are free, but no more files \(inodes\) there\)"):
        write_atomically(tmp_path / "t.txt", write)


def test_a_new_folder_whose_name_cannot_be_synced_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match=r"new cannot be written \(.*, after 0 bytes; [\d,]"):
        write_atomically(tmp_path / "new" / "t.txt", fill("x"))
    (tmp_path / "t.txt").write_text("x")
    with pytest.raises(OSError, match=r"t\.txt"):
        sync_file(tmp_path / "t.txt")


def test_the_loser_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = lock_path_of(tmp_path / "out", "untrained:7")
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from rainmer_analysis.values.disk import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    held = subprocess.Popen(
        [sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    try:
        assert held.stdout.readline() == "held\n"
        start = time.monotonic()
        for refused in (lambda: demand_unlocked(lock), lambda: hold_lock(lock).__enter__()):
            with pytest.raises(OutputInUseError, match=f"process {held.pid} on .* is writing to"):
                refused()
        assert time.monotonic() - start < 2
    finally:
        held.kill()
        held.wait()
    held.stdout.close()
    demand_unlocked(lock)
    with hold_lock(lock):
        assert json.loads(lock.read_text())["process"] == os.getpid()
    assert not lock.exists()
    with hold_lock(tmp_path / "new" / "l"):
        pass
    assert not (tmp_path / "new").exists()  # the folder made for the lock goes with it


def test_locks_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rainmer_analysis.values.disk import file_locks

    with monkeypatch.context() as none:
        none.setattr(file_locks, "fcntl", None)
        with hold_lock(tmp_path / "l"), hold_lock(tmp_path / "l"):
            demand_unlocked(tmp_path / "l")

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(file_locks.fcntl, "flock", unsupported)
    with hold_lock(tmp_path / "l"):
        demand_unlocked(tmp_path / "l")


def test_leftovers_of_the_dead_go_and_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "from rainmer_analysis.values.disk.leftover_temporary_files import "
         "temporary_name_part\nprint(temporary_name_part())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    living, foreign = temporary_name_part(), "-unfinished-1-00000000-0123456789ab"
    for name in (dead, living, foreign):
        (tmp_path / f".t{name}.json").write_text("half")
        (tmp_path / f".commit{name}").mkdir()
    (tmp_path / ".mine-unfinished.txt").write_text("a user's")
    assert {path.name for path in remove_leftovers(tmp_path)} == {
        f".t{dead}.json",
        f".commit{dead}",
    }
    os.utime(tmp_path / f".t{foreign}.json", (0, 0))
    assert [path.name for path in remove_leftovers(tmp_path)] == [f".t{foreign}.json"]
    assert (tmp_path / f".t{living}.json").exists()
    assert (tmp_path / ".mine-unfinished.txt").exists()


def test_a_damaged_list_of_a_commit_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a user's")
    for text in (
        "{",
        '{"staged": "..", "put": ["../x"], "remove": []}',
        '{"staged": "", "put": [], "remove": ["mine"]}',
        '{"staged": "mine", "put": [], "remove": []}',
    ):
        (tmp_path / ".commit.json").write_text(text)
        with pytest.raises(FileFormatError, match=r"\.commit\.json"):
            finish_interrupted_commit(tmp_path)
        assert find_committed_path(tmp_path / "x") == tmp_path / "x"
    assert (tmp_path / "mine").read_text() == "a user's"


def test_a_place_that_cannot_be_written_is_found_before_work(tmp_path: Path) -> None:
    demand_writable(tmp_path / "not" / "there")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        demand_writable(tmp_path / "file" / "below")


def test_the_lock_of_a_dead_commit_goes_too(tmp_path: Path) -> None:
    lock_path_of(tmp_path, "commit").write_text("the dead")
    recover_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []
