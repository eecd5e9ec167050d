"""Processes that were forked from one that has used threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from threadpoolctl import threadpool_limits

__all__ = ["limit_threads_after_fork"]


def limit_threads_after_fork(limit: Callable[[int], object] | None = None) -> None:
    """Let children that are forked from now on compute, in one thread each.

    A child has a copy of the memory in which its parent keeps a team of OpenMP threads, but not
    these threads, so that the first parallel loop of torch or scikit-learn would wait for them for
    ever. The workers of torch's data loaders have one thread for the same reason. Processes that
    are started by "spawn" or "forkserver" keep all theirs.

    Parameters
    ----------
    limit
        Sets the number of threads of a library; by default those of OpenMP are set.
    """
    if hasattr(os, "register_at_fork"):  # there is none on Windows, which cannot fork
        os.register_at_fork(after_in_child=partial(limit or _limit_openmp, 1))


def _limit_openmp(count: int) -> None:
    threadpool_limits(count, user_api="openmp")
