"""Compilation that is paid once per machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(*, parallel: bool = False, fast: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function on its first call and keep the machine code for later processes.

    The code lies beside the source, or in the user's cache where that cannot be written to; where
    neither can, each process compiles for itself. Each sum has the order of the source unless
    `fast` lets the compiler choose it; it chooses once, so that results never depend on the number
    of threads.
    """
    options = {"parallel": parallel, "fastmath": {"reassoc", "contract", "nsz"} if fast else False}

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder that it may write to
            return numba.njit(**options)(function)

    return decorate
