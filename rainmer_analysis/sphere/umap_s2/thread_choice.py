"""The choice between one thread and all, by the work of a pass and by passes that were timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numba

from rainmer_analysis.sphere.umap_s2.threading_layer import allow_parallel_loops

__all__ = ["ThreadChoice", "one_thread_for_little_work"]

# Passes of each kind that are timed before the next choice, and passes that follow it.
_TRIALS = 3
_PERIOD = 60
# Below so many multiplications a pass ends before a second thread has woken up.
_WORTH_WAKING = 4_000_000


@contextmanager
def one_thread_for_little_work(multiplications: int) -> Iterator[None]:
    """Keep passes of so little work within on one thread."""
    with allow_parallel_loops():
        most = numba.get_num_threads()
    if multiplications < _WORTH_WAKING:
        numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(most)


class ThreadChoice:
    """Run passes on one thread or on all, whichever has lately been quicker.

    Threads wait for each other at the end of every pass. On a machine that does other work one of
    them is often suspended, and a pass that takes a millisecond then takes as long as the
    suspension, many times what one thread would need. Results must not depend on the number of
    threads, as here they never do.
    """

    def __init__(self) -> None:
        with allow_parallel_loops():
            most = numba.get_num_threads()
        self._choices = sorted({1, most})
        self._passes = 0
        self._seconds: dict[int, list[float]] = {}

    def run_pass(self, work: Callable[..., object], *inputs: object) -> None:
        """Run one pass of work on its inputs."""
        most = numba.get_num_threads()
        place = self._passes % _PERIOD
        if place == 0:
            self._seconds = {count: [] for count in self._choices}
        if place < _TRIALS * len(self._choices):
            count = self._choices[place % len(self._choices)]
        else:
            count = min(self._choices, key=lambda each: sum(self._seconds[each]))
        numba.set_num_threads(count)
        try:
            start = time.perf_counter()
            work(*inputs)
            if place < _TRIALS * len(self._choices):
                self._seconds[count].append(time.perf_counter() - start)
        finally:
            numba.set_num_threads(most)
        self._passes += 1
