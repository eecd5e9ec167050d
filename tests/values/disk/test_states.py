"""Any sequence of commits, kills, leftovers and readers: what is read was written by one run."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rainmer_analysis.values import (
    commit_staged_files,
    find_committed_path,
    finish_interrupted_commit,
    staging_folder,
    write_atomically,
)

# the module, whose name the function of that name hides
COMMITS = importlib.import_module("rainmer_analysis.values.disk.folder_commit")
# in memory where there is such a folder: every file is synced, which a disk takes its time for
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Killed(BaseException):
    """The process is gone."""


class Runs(RuleBasedStateMachine):
    """Runs write two views and a folder of parts; some are killed; readers look after each."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.number = 0
        self.possible: set[str | None] = {None}
        # nobody else is at work, so a list that lies there belongs to a dead run: no time is given
        # to its owner, and killed runs get beyond where they would wait for it
        self.alone = pytest.MonkeyPatch()
        self.alone.setattr(COMMITS, "_PATIENCE", 0.0)

    def teardown(self) -> None:
        self.alone.undo()
        shutil.rmtree(self.folder)

    def _run(self) -> str:
        self.number += 1
        text = f"run {self.number}"
        with staging_folder(self.folder) as staged:
            write_atomically(staged / "one", lambda path: path.write_text(text))
            write_atomically(staged / "two", lambda path: path.write_text(text))
            write_atomically(staged / "parts" / "a", lambda path: path.write_text(text))
            commit_staged_files(self.folder, staged, remove=("old",))
        return text

    @rule()
    def run(self) -> None:
        self.possible = {self._run()}

    @rule(step=st.integers(0, 30))
    def killed_run(self, step: int) -> None:
        left = [step]

        def dying(inner: Callable[..., object]) -> Callable[..., object]:
            def call(*given: object, **named: object) -> object:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                return inner(*given, **named)

            return call

        with pytest.MonkeyPatch.context() as dead:
            dead.setattr(shutil, "rmtree", lambda *_, **__: None)  # the dead tidy nothing
            for owner, name in ((os, "link"), (os, "fsync"), (Path, "replace"), (Path, "unlink")):
                dead.setattr(owner, name, dying(getattr(owner, name)))
            with suppress(Killed):
                self._run()
        self.possible |= {f"run {self.number}"}

    @rule()
    def finishing(self) -> None:
        finish_interrupted_commit(self.folder)
        assert not (self.folder / ".commit.json").exists()

    @rule()
    def another_form(self) -> None:
        (self.folder / "old").write_text("of another form")

    @invariant()
    def views_are_of_one_run(self) -> None:
        places = (find_committed_path(self.folder / name) for name in ("one", "two", "parts"))
        one, two, parts = places
        texts = {path.read_text() if path.exists() else None for path in (one, two, parts / "a")}
        assert len(texts) == 1
        assert texts <= self.possible
        self.possible = texts


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
