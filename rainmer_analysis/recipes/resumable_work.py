"""Work on many items in threads, which an interruption does not lose."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.values import (
    algorithm_versions,
    digest,
    verify_and_drop_checksum,
    with_checksum,
)

__all__ = ["FinishedItemsFile", "complete_items", "finished_items_path", "thread_count"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


def thread_count(workers: int | None) -> int:
    """Return how many threads work, by default up to four; refuse a number under 1."""
    if workers is not None and workers < 1:
        raise ParameterError(f"workers is {workers}; it must be at least 1")
    return workers or min(4, os.cpu_count() or 1)


def finished_items_path(out: Path, command: str, places: Iterable[object]) -> Path:
    """Return the hidden file that keeps a command's unfinished work on files at these places."""
    asked = {"out": out.name, "versions": algorithm_versions(command), "places": places}
    return out.parent / f".{command}-{digest(asked)[:16]}.jsonl"


class FinishedItemsFile(Generic[T]):
    """A hidden file with one JSON line an item, kept until the whole is written.

    Parameters
    ----------
    path
        Of the file; None keeps nothing.
    count
        Number of items.
    encode, decode
        Turn an item into a JSON document and back; `decode` raises ValueError, TypeError, KeyError
        or AttributeError where the document is of something else.
    is_current
        Whether what is known of the item at a position still holds.
    """

    def __init__(
        self,
        path: Path | None,
        count: int,
        *,
        encode: Callable[[T], Mapping[str, Any]],
        decode: Callable[[dict[str, Any]], T],
        is_current: Callable[[int, T], bool],
    ) -> None:
        self._path = path
        self.count = count
        self._encode, self._decode, self._is_current = encode, decode, is_current
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def load(self) -> dict[int, T]:
        """Return what was finished before and still holds, by position."""
        if self._path is None or not self._path.is_file():
            return {}
        known = {}
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                found = self._parse_line(line)
                if found is not None:
                    known[found[0]] = found[1]
        return {index: item for index, item in known.items() if self._is_current(index, item)}

    def _parse_line(self, line: str) -> tuple[int, T] | None:
        try:
            document = verify_and_drop_checksum(json.loads(line), self._path or Path())
            index = document.pop("index")
            item = self._decode(document)
        except (FileFormatError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return (index, item) if isinstance(index, int) and 0 <= index < self.count else None

    def add(self, index: int, item: T) -> None:
        """Write down one item; threads take turns."""
        if self._path is None:
            return
        line = json.dumps(with_checksum({"index": index, **self._encode(item)}))
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


def complete_items(
    finished: FinishedItemsFile[T],
    work: Callable[[int], T],
    *,
    threads: int,
    progress: Callable[[int, int], None] | None,
    done: str,
) -> list[T]:
    """Do `work` for every position that is not finished, and return all items in order.

    `work` is called from several threads, and what it makes is added to `finished`. `done` says in
    the log what was done to the items: "measured".
    """
    total, known = finished.count, finished.load()
    left = [index for index in range(total) if index not in known]
    if known:
        _log.info("continuing: %d of %d images were %s before", len(known), total, done)

    def work_and_record(index: int) -> T:
        item = work(index)
        finished.add(index, item)
        return item

    pool = ThreadPoolExecutor(threads)
    try:
        for index, item in zip(left, pool.map(work_and_record, left), strict=True):
            known[index] = item
            if progress is not None:
                progress(len(known), total)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [known[index] for index in range(total)]
