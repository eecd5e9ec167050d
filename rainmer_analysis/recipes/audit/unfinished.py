"""What an unfinished audit has looked at, kept beside its output until the whole is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from rainmer_analysis.recipes.audit.examine import Examined
from rainmer_analysis.recipes.properties.measure import Job
from rainmer_analysis.values import digest, versions_of

__all__ = ["Unfinished"]


class Unfinished:
    """A hidden file with one line an image that was looked at.

    It is found again for the same files, by their sizes and times of change.

    Parameters
    ----------
    out
        The file that the run is going to write; None keeps nothing.
    jobs
        What is to be looked at.
    """

    def __init__(self, out: Path | None, jobs: Sequence[Job]) -> None:
        self._path = None if out is None else out.parent / f".audit-{_key(out, jobs)}.jsonl"
        self._count = len(jobs)
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def load(self) -> dict[int, Examined]:
        """Return what was seen before, by position; what could not be read is tried again."""
        if self._path is None or not self._path.is_file():
            return {}
        found = {}
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                parsed = _parsed(line)
                if parsed is not None and parsed[0] < self._count:
                    found[parsed[0]] = parsed[1]
        return {
            index: each
            for index, each in found.items()
            if not (each.own.reason or (each.partner is not None and each.partner.reason))
        }

    def add(self, index: int, examined: Examined) -> None:
        """Write down one image; threads take turns."""
        if self._path is None:
            return
        line = json.dumps({"index": index, **examined.document()})
        with self._lock:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8", errors="backslashreplace")
                self._file.write("\n")  # ends a line that an interruption has cut
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        """Remove the file: the whole has been written."""
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _parsed(line: str) -> tuple[int, Examined] | None:
    try:
        found = json.loads(line)
        index = found["index"]
        examined = Examined.from_document(found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return (index, examined) if isinstance(index, int) and index >= 0 else None


def _key(out: Path, jobs: Sequence[Job]) -> str:
    stamps: Iterator[object] = (
        [each.path, each.region, _stamp(each.path), each.target, _stamp(each.target)]
        for each in jobs
    )
    return digest({"out": out.name, "versions": versions_of("audit"), "stamps": stamps})[:16]


def _stamp(path: str | None) -> list[int] | None:
    if path is None:
        return None
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]
