"""Progress of long computations, reported to whoever waits for them.

Computations report from where they are; a caller that wants to hear of it says so once, around the
call. Nothing is passed through the functions between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["has_progress_listener", "report_progress", "report_progress_to"]

Listener = Callable[[int, int, str], object]
_LISTENER: ContextVar[Listener | None] = ContextVar("rainmer_analysis_progress", default=None)


@contextmanager
def report_progress_to(listener: Listener) -> Iterator[None]:
    """Let computations inside call ``listener(finished, total, unit)`` as they go on."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def has_progress_listener() -> bool:
    """Say whether anyone listens."""
    return _LISTENER.get() is not None


def report_progress(finished: int, total: int, unit: str) -> None:
    """Tell who listens how many of all units, such as ``epoch``, are finished."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(finished, total, unit)
