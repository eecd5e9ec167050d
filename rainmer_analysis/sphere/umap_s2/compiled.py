"""Compilation that is paid once per machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(*, parallel: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function on its first call and keep the machine code for later processes.

    The code lies beside the source, or in the user's cache where that cannot be written to; where
    neither can, each process compiles for itself. Without ``fastmath``: the order of every sum is
    that of the source, so that results do not depend on the number of threads.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(cache=True, parallel=parallel)(function)
        except RuntimeError:  # numba found no folder that it may write to
            return numba.njit(parallel=parallel)(function)

    return decorate
