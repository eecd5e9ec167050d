"""Readers beside commits: whatever moves meanwhile, each finds files of one run and no error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values import (
    PARTS,
    EmbeddingTable,
    Rows,
    Space,
    TableStream,
    commit_staged_files,
    find_committed_path,
    finish_interrupted_commit,
    read,
    staging_folder,
    write,
    write_part_list,
)
from rainmer_analysis.values.disk import CommittedFile, call_with_committed_path, read_during_commit
from tests.values.disk.test_states import MEMORY

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")
FORMS = ("file.parquet", "folder")
STEPS = {"file.parquet": 1, "folder": 4}  # a folder of parts is opened four times as often
WRITER = """
import sys
import tempfile
from pathlib import Path
from tests.values.disk.test_read_during_commit import put, table_of
folder, number = Path(sys.argv[1]), 0
while not (folder / "enough").exists():
    number += 1
    put(table_of(number % 5 + 2), folder)
    print(number, flush=True)
"""


def table_of(count: int) -> EmbeddingTable:
    vectors = np.random.default_rng(count).standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"{count}-{number}.png" for number in range(count)]
    frame = pd.DataFrame({"image_id": names, "group": names, "path": names, "dataset": "a"})
    return EmbeddingTable(vectors, Rows(frame), SPACE)


def put(
    table: EmbeddingTable, folder: Path, *, dies: bool = False, remove: tuple[str, ...] = ()
) -> None:
    """Commit a table as a file and as a folder of two parts; or die once it is committed."""
    with staging_folder(folder) as staged:
        write(table, staged / FORMS[0])
        half = len(table) // 2
        for number, rows in enumerate((slice(0, half), slice(half, None))):
            frame = table.rows.frame.iloc[rows].reset_index(drop=True)
            part = EmbeddingTable(table.vectors[rows], Rows(frame), SPACE)
            write(part, staged / FORMS[1] / f"part-{number}-of-2.parquet")
        write_part_list(staged / FORMS[1], staged / FORMS[1] / PARTS)
        with pytest.MonkeyPatch.context() as dead:
            if dies:
                module = sys.modules["rainmer_analysis.values.disk.folder_commit"]
                dead.setattr(module, "_carry_out_commit", lambda *_: None)
            commit_staged_files(folder, staged, remove=remove)


def content(path: Path) -> str:
    found = read(path)
    assert isinstance(found, EmbeddingTable)
    return found.content_sha256


@pytest.mark.parametrize("form", FORMS)
def test_what_a_dead_process_has_committed_is_read_while_another_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """The commit is finished at each opening in turn, between finding a file and opening it."""
    new, inner, before = table_of(5), read_during_commit.find_committed_path, tmp_path / "before"
    put(table_of(4), before)
    put(new, before, dies=True)
    for at in range(1, 80, STEPS[form]):
        folder = Path(shutil.copytree(before, tmp_path / str(at)))
        calls = iter(range(1, 1000))
        done = []

        def finding(path: Path) -> Path:
            found = inner(path)
            if next(calls) == at:  # noqa: B023
                done.append(finish_interrupted_commit(folder))  # noqa: B023
            return found

        monkeypatch.setattr(read_during_commit, "find_committed_path", finding)
        assert content(folder / form) == new.content_sha256
        stream = TableStream(folder / form)
        assert stream.content_sha256 == new.content_sha256
        assert len(stream) == stream.counts["a"] == 5
        monkeypatch.setattr(read_during_commit, "find_committed_path", inner)
        if not done:  # there are no more openings
            break
    assert at > 8, "nothing was opened"
    assert find_committed_path(folder / form) != folder / form


@pytest.mark.parametrize("form", FORMS)
def test_a_table_that_is_replaced_is_never_read_in_parts_of_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Another run puts its table in place at each opening in turn."""
    old, new, inner, before = (
        table_of(4),
        table_of(5),
        read_during_commit.find_committed_path,
        tmp_path / "before",
    )
    wanted = {old.content_sha256, new.content_sha256}
    put(old, before)
    put(new, before, dies=True)
    (before / ".commit.json").rename(before / "later.json")
    told = set()
    for at in range(1, 80, STEPS[form]):
        folder = Path(shutil.copytree(before, tmp_path / str(at)))
        calls = iter(range(1, 1000))
        done = []

        def finding(path: Path) -> Path:
            found = inner(path)
            if next(calls) == at:  # noqa: B023
                (folder / "later.json").rename(folder / ".commit.json")  # noqa: B023
                done.append(finish_interrupted_commit(folder))  # noqa: B023
            return found

        for reader in (content, lambda path: TableStream(path).content_sha256):
            monkeypatch.setattr(read_during_commit, "find_committed_path", finding)
            try:
                assert reader(folder / form) in wanted
            except FileFormatError as error:
                told.add(str(error).replace(str(folder), ""))
            monkeypatch.setattr(read_during_commit, "find_committed_path", inner)
            assert reader(folder / form) in wanted
        if not done:
            break
    assert at > 4, "nothing was opened"
    assert all("was replaced while it was read" in each for each in told)
    assert told


def test_what_a_commit_removes_is_gone_before_it_is_removed(tmp_path: Path) -> None:
    put(table_of(4), tmp_path)
    earlier = tmp_path / "earlier.parquet"
    write(table_of(4), earlier)
    put(table_of(5), tmp_path, dies=True, remove=(earlier.name,))
    assert earlier.exists()
    with pytest.raises(FileNotFoundError):
        call_with_committed_path(earlier, Path.read_bytes)
    assert content(tmp_path / FORMS[0]) == table_of(5).content_sha256
    finish_interrupted_commit(tmp_path)
    assert not earlier.exists()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot share a core")
def test_a_reader_beside_a_run_that_commits_again_and_again() -> None:
    """Both on one core, so that either is stopped anywhere."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        _read_beside_a_writer(Path(folder))


def _read_beside_a_writer(folder: Path) -> None:
    put(table_of(2), folder)
    wanted = {table_of(count).content_sha256 for count in range(2, 7)}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    asked = [sys.executable, "-c", WRITER, str(folder)]
    root = Path(__file__).parents[3]
    writer = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        found, told = [], []
        for number in range(200):
            if len(set(found)) > 2:
                break
            try:
                found.append(content(folder / FORMS[number % 2]))
            except FileFormatError as error:
                told.append(str(error))
        assert all("was replaced while it was read" in each for each in told)
        assert set(found) <= wanted
        assert len(set(found)) > 2
    finally:
        (folder / "enough").touch()
        assert writer.wait(60) == 0
        writer.stdout.close()
        os.sched_setaffinity(0, before)


def test_what_is_nowhere_is_told(tmp_path: Path) -> None:
    tries: list[Path] = []

    def look(path: Path) -> None:
        tries.append(path)
        raise FileNotFoundError(path)

    with pytest.raises(FileNotFoundError):
        call_with_committed_path(tmp_path / "none", look)
    assert 2 < len(tries) < 100
    with pytest.raises(FileFormatError, match=r"there is no file .*none; name another"):
        CommittedFile(tmp_path / "none").open()
    (tmp_path / "some").write_text("x")
    some = CommittedFile(tmp_path / "some")
    some.open().close()
    (tmp_path / "some").unlink()
    with pytest.raises(FileFormatError, match=r"there is no file .*some any more"):
        some.open()
