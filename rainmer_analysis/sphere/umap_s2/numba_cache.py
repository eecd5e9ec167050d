"""Compilation that is paid once per machine."""

from __future__ import annotations

import atexit
import importlib
import shutil
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numba

from rainmer_analysis.sphere.umap_s2.threading_layer import callable_from_any_thread

__all__ = ["import_with_numba_cache", "njit_cached"]


def njit_cached(
    *, parallel: bool = False, fast: bool = False
) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function on its first call and keep the machine code for later processes.

    The code lies beside the source, or in the user's cache where that cannot be written to; where
    neither can, each process compiles for itself. Each sum has the order of the source unless
    `fast` lets the compiler choose it; it chooses once, so that results never depend on the number
    of threads.
    """
    options = {"parallel": parallel, "fastmath": {"reassoc", "contract", "nsz"} if fast else False}

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            made = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder that it may write to
            made = numba.njit(**options)(function)
        return callable_from_any_thread(made) if parallel else made

    return decorate


def import_with_numba_cache(name: str) -> ModuleType:
    """Import a package whose functions insist on a folder for their machine code.

    Where numba finds none that it may write to, as in a container whose files are read-only, a
    temporary folder serves this process.
    """
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
    numba.config.CACHE_DIR = folder = tempfile.mkdtemp(prefix="rainmer-analysis-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return importlib.import_module(name)
