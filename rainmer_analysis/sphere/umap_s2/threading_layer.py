"""Numba's threading layers: what they allow, and what would end the process."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np

from rainmer_analysis.errors import ParameterError, ProcessError

__all__ = ["allow_parallel_loops", "callable_from_any_thread"]

# Layers that several threads may enter at once; numba's own, "workqueue", ends the process then.
_SAFE = ("omp", "tbb")


class _ThreadingState:
    """What this process may do."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.orphaned = False

    def after_fork(self) -> None:
        """Note in a forked child that the parent's threads are gone."""
        self.lock = threading.RLock()  # a thread that is not there any more may have held it
        # GNU's OpenMP, as on Linux, ends a child that uses it after its parent has
        self.orphaned = self.orphaned or (
            sys.platform == "linux" and _threading_layer_name() == "omp"
        )


_PROCESS = _ThreadingState()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_PROCESS.after_fork)


def _threading_layer_name() -> str:
    """Return the name of the layer that is in use, empty before the first parallel loop."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return ""


@contextmanager
def allow_parallel_loops() -> Iterator[None]:
    """Run numba's parallel loops within, one thread at a time where the layer asks for it.

    Raises ProcessError: this process was forked from one that had used OpenMP through numba;
    ParameterError: the layer that NUMBA_THREADING_LAYER names is not there.
    """
    if _PROCESS.orphaned:
        raise ProcessError(
            "this process was forked from one that had laid out maps in several threads, so that "
            'it cannot lay out any itself; start it by the method "spawn" or "forkserver" of '
            "multiprocessing, or set NUMBA_THREADING_LAYER=workqueue before Python starts"
        )
    if _threading_layer_name() in _SAFE:
        yield
        return
    with _PROCESS.lock:
        _start_layer()
        yield


def _start_layer() -> None:
    try:
        numba.get_num_threads()  # starts the layer
    except ValueError as error:
        raise ParameterError(
            f"numba cannot use its threading layer {numba.config.THREADING_LAYER!r} here; "
            "unset NUMBA_THREADING_LAYER, or set it to workqueue"
        ) from error


def callable_from_any_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a compiled function with parallel loops be called from any thread and process."""

    @functools.wraps(function)
    def guarded(*inputs: Any) -> Any:
        # 64-bit products wrap round on purpose; uncompiled, numpy would warn of it
        with allow_parallel_loops(), np.errstate(over="ignore"):
            return function(*inputs)

    return guarded
