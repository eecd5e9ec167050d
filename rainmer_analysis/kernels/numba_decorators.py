"""Decorators that compile a function by numba, keep its machine code and announce the wait."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import event

__all__ = ["compiled", "inlined"]

_log = logging.getLogger(__name__)


class _CompileNotice(event.Listener):  # type: ignore[misc]
    """Says once in a process that functions are being compiled, which takes seconds."""

    def __init__(self) -> None:
        self.functions: set[Callable[..., Any]] = set()
        self.given = False

    def on_start(self, event: Any) -> None:
        if self.given or event.data["dispatcher"].py_func not in self.functions:
            return
        self.given = True
        _log.info(
            "compiling the encoder's inner loops for this processor; that takes some seconds, and "
            "is done once if the package's folder or the cache folder of numba can be written to "
            "(NUMBA_CACHE_DIR names another)"
        )

    def on_end(self, event: Any) -> None:
        """Say nothing."""


notice = _CompileNotice()
event.register("numba:compile", notice)


def _sources_sha256(folder: Path) -> str:
    """Return the SHA-256 of the sources in a folder and those below it."""
    sources = sorted(folder.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


_SOURCES = _sources_sha256(Path(__file__).parent)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that runs without the interpreter's lock; keep its machine code.

    The code lies beside the source, or in the user's cache where that cannot be written to; where
    neither can, each process compiles for itself. Compiling is announced in the log.
    """
    notice.functions.add(function)
    try:
        made = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no folder that it may write to
        return numba.njit(nogil=True)(function)
    kept = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if kept is not None:  # numba looks at this function's file, but what is inlined lies in others
        kept._source_stamp = (kept._source_stamp, _SOURCES)
    return made


def inlined(function: Callable[..., Any]) -> Any:
    """Make a function part of those `compiled` ones that call it, and of nothing else."""
    return numba.njit(nogil=True, inline="always")(function)
