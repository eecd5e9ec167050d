"""Work in threads: all items with progress, or a bounded number of results ahead; file hashes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images.reading import file_sha256

__all__ = ["content_hashes", "map_ahead_in_threads", "map_in_threads", "sha256_or_empty"]

T = TypeVar("T")
R = TypeVar("R")


def map_ahead_in_threads(
    tasks: Iterable[T], work: Callable[[T], R], *, workers: int, ahead: int
) -> Generator[R, None, None]:
    """Do `work` on tasks in threads and give the results in order.

    At most `ahead` results wait at any time, so memory stays bounded however slow the consumer is.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read")
    waiting: deque[Future[R]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def map_in_threads(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[R]:
    """Apply ``function`` to all items on ``workers`` threads, results in the items' order.

    ``progress`` is called with items done and all; an error drops what has not begun.
    """
    if workers < 1:
        raise ParameterError(f"{workers} workers cannot work; give at least 1")
    results: list[R] = []
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        for result in pool.map(function, items):
            results.append(result)
            if progress is not None:
                progress(len(results), len(items))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return results


def content_hashes(paths: Iterable[str]) -> Generator[str, None, None]:
    """Return the SHA-256 of each file; empty where it cannot be opened."""
    return map_ahead_in_threads(paths, sha256_or_empty, workers=2, ahead=16)


def sha256_or_empty(path: str | None) -> str:
    """Return the SHA-256 of a file; empty where there is none, or it cannot be opened."""
    try:
        return "" if path is None else file_sha256(path)
    except ImageError:
        return ""
