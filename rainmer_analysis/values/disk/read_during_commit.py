"""Reading files that a commit may be putting in place at the same moment.

A file of a commit waits in a hidden folder and then moves to its own place, once. Readers ask for
its own name: where nothing is found they read the list of the commit again, since after every step
of a commit the file lies in one of the two places.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk.folder_commit import read_pending_commit

__all__ = ["CommittedFile", "call_with_committed_path", "find_committed_path"]

_TRIES = 20  # for each that fails, a commit has made a step between two system calls

T = TypeVar("T")


def find_committed_path(path: Path) -> Path:
    """Return where a file, a folder or a file in such a folder lies: in its place, or waiting."""
    for committed, below in ((path, ""), (path.parent, path.name)):
        waiting = _find_waiting_path(committed)
        if waiting is not None:
            return waiting / below
    return path


def call_with_committed_path(path: Path, work: Callable[[Path], T]) -> T:
    """Do something with a file where it lies, also while it moves from one place to the other.

    Raises FileNotFoundError: it lies in neither.
    """
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError):
            return work(find_committed_path(path))
    return work(find_committed_path(path))


class CommittedFile:
    """A file that is opened again and again, and has to be the same one each time.

    Parameters
    ----------
    path
        Under its own name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._first: tuple[int, ...] | None = None

    def open(self) -> BinaryIO:
        """Open it for reading.

        Raises FileFormatError: it is not there, or another file has taken its place since it was
        opened first; OSError: it cannot be opened.
        """
        try:
            file: BinaryIO = call_with_committed_path(self.path, lambda place: place.open("rb"))
        except FileNotFoundError as error:
            gone = "; name another" if self._first is None else " any more; make it anew"
            raise FileFormatError(f"there is no file {self.path}{gone}") from error
        found = os.fstat(file.fileno())
        identity = found.st_ino, found.st_size, found.st_mtime_ns  # a rename leaves them
        self._first = self._first or identity
        if identity != self._first:
            file.close()
            raise FileFormatError(
                f"{self.path} was replaced while it was read, as by another run; read it again"
            )
        return file


def _find_waiting_path(path: Path) -> Path | None:
    """Return where a file waits for its place, if there is a list that names it.

    What the list removes is where it would wait, and so is nowhere: it belongs to another run.
    """
    try:
        document = read_pending_commit(path.parent)
    except FileFormatError:  # whoever finishes the commit says so
        return None
    if document is None:
        return None
    waiting: Path = path.parent / document["staged"] / path.name
    if path.name in document["remove"]:
        return waiting
    return waiting if path.name in document["put"] and waiting.exists() else None
