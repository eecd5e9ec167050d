"""Processes that share out work, and end with it: whatever becomes of them, nobody waits for ever.

A worker that has died ends the work with a sentence, and so does one that somebody has stopped.
When the process that started them is gone, workers end by themselves. They watch for that before
they import what their tasks need: a worker imports this module first, and this module imports
nothing heavy.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as LateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

from rainmer_analysis.errors import ProcessError

__all__ = ["map_in_processes"]

_SECONDS_BETWEEN_LOOKS = 5.0  # seconds without a result, after which workers are looked at
T = TypeVar("T")
R = TypeVar("R")


def map_in_processes(
    function: Callable[[T], R], tasks: Sequence[T], *, workers: int, chunk_size: int = 1
) -> Generator[R, None, None]:
    """Call `function` on tasks in processes, and yield the results in order.

    Without workers it works in this process. Tasks are sent in chunks; they and the function must
    be fit to be sent to another process.

    Raises
    ------
    ProcessError
        A worker has died or was stopped.
    """
    if workers == 0:
        yield from map(function, tasks)
        return
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_exit_when_parent_ends
    )
    waiting: deque[Future[list[R]]] = deque()
    chunks = _chunks(tasks, chunk_size)
    done = False
    try:
        for chunk in chunks:
            waiting.append(pool.submit(_map_chunk, function, chunk))
            if len(waiting) > 2 * workers:
                yield from _wait_for_result(waiting.popleft(), before)
        while waiting:
            yield from _wait_for_result(waiting.popleft(), before)
        done = True
    except BrokenProcessPool as error:
        raise ProcessError(
            "a process that makes training images has ended without a word, as when memory runs "
            "out; start again, with fewer --workers"
        ) from error
    finally:
        pool.shutdown(wait=done, cancel_futures=True)
        if not done:
            for child in set(multiprocessing.active_children()) - before:
                child.kill()  # also one that is stopped


def _chunks(tasks: Sequence[T], size: int) -> Iterator[list[T]]:
    left = iter(tasks)
    while piece := list(islice(left, size)):
        yield piece


def _map_chunk(function: Callable[[T], R], tasks: list[T]) -> list[R]:
    return [function(task) for task in tasks]


def _wait_for_result(future: Future[list[R]], before: set[BaseProcess]) -> list[R]:
    """Wait for a result, and look meanwhile whether workers are still at work."""
    while True:
        try:
            return future.result(timeout=_SECONDS_BETWEEN_LOOKS)
        except LateError:
            if future.done():  # it is the task's own
                raise
        for child in set(multiprocessing.active_children()) - before:
            if child.pid is not None and _is_process_stopped(child.pid):
                raise ProcessError(
                    f"the process {child.pid}, which makes training images, was stopped (SIGSTOP); "
                    "start again, and let it go on"
                )


def _is_process_stopped(process: int) -> bool:
    with suppress(OSError, IndexError):  # there is no such file outside Linux
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[0] in ("T", "t")
    return False


def _exit_when_parent_ends() -> None:
    """End this worker as soon as the process that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def exit_when_ready(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=exit_when_ready, args=(parent.sentinel,), daemon=True).start()
