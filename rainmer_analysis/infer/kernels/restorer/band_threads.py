"""Rows of a map shared out among threads, and the workspaces that each of them keeps."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from rainmer_analysis.errors import ParameterError

__all__ = ["BandThreads", "Workers", "WorkspaceCache", "count_bands", "rows_per_band"]

_PIXELS = 24 * 512  # of a band: more would not fit in a cache with what lies between its layers
_LOW, _HIGH = 16, 32  # rows; what two neighbouring bands both look at is computed twice
_BLOCK = 8  # rows that are written at once at most
Bands = tuple[int, int, int]
Size = tuple[int, int]
T = TypeVar("T")


def rows_per_band(size: Size) -> int:
    """Count the rows of a band of a map, of height and width: of about equal bands, but the last.

    They are the same whatever the number of threads, and so are results.
    """
    height, width = size
    most = min(max(_PIXELS // width // _BLOCK * _BLOCK, _LOW), _HIGH)
    count = -(-height // most)
    return -(-height // (count * _BLOCK)) * _BLOCK


def count_bands(size: Size) -> int:
    """Count the bands of a map."""
    return -(-size[0] // rows_per_band(size))


class BandThreads:
    """So many threads that compiled loops run on.

    Parameters
    ----------
    count
        Threads; None for one on each core that this process may use.

    Raises
    ------
    ParameterError
        The number is below 1.
    """

    def __init__(self, count: int | None = None) -> None:
        if count is None:
            known = getattr(os, "sched_getaffinity", None)
            count = len(known(0)) if known else os.cpu_count() or 1
        if count < 1:
            raise ParameterError(f"{count} threads were asked for; give a number from 1 up")
        self.count = count
        self._made: tuple[int, ThreadPoolExecutor] | None = None

    def __reduce__(self) -> tuple[type[BandThreads], tuple[int]]:
        """Pickle the number; threads are started anew."""
        return BandThreads, (self.count,)

    def _thread_pool(self) -> ThreadPoolExecutor:
        """Return the threads of this process; a forked one has none of its parent's."""
        process = os.getpid()
        if self._made is None or self._made[0] != process:
            pool = ThreadPoolExecutor(self.count, thread_name_prefix="restorer")
            self._made = process, pool
        return self._made[1]

    def for_each(self, work: Callable[[T], None], items: Iterable[T]) -> None:
        """Call `work` with every item, as many at once as there are threads."""
        if self.count == 1:
            for item in items:
                work(item)
            return
        for _ in self._thread_pool().map(work, items):
            pass

    def run_in_bands(self, size: Size, work: Callable[[Bands], None]) -> None:
        """Call `work` with the first row, the one behind the last, and the rows of a band."""
        bands, rows = count_bands(size), rows_per_band(size)
        parts = min(self.count, bands)
        edges = [rows * (bands * part // parts) for part in range(parts)] + [size[0]]
        spans = [(edges[i], edges[i + 1], rows) for i in range(parts)]
        if parts == 1:
            work(spans[0])
        else:
            self.for_each(work, spans)


class WorkspaceCache:
    """Arrays that a thread keeps between calls, all zeros when they are made."""

    def __init__(self) -> None:
        self._threads = threading.local()

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return this thread's arrays of that key, made on first use."""
        kept: dict[Hashable, Any] | None = getattr(self._threads, "kept", None)
        if kept is None:
            kept = self._threads.kept = {}
        if key not in kept:
            kept[key] = make()
        found: T = kept[key]
        return found


Workers = tuple[BandThreads, WorkspaceCache]
