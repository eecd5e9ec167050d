"""The command that is running, as pictures state it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import PurePath

__all__ = ["running_command", "state_running_command"]

_RUNNING: ContextVar[str | None] = ContextVar("rainmer_analysis_command", default=None)
# What decides where results go and what is printed, but not what comes out.
_WITH_VALUE = frozenset({"--out", "--picture", "--html"})
_ALONE = frozenset({"--json", "--quiet", "--overwrite", "--debug"})


def running_command() -> str | None:
    """Return the command that is running, or None where none is, as in a notebook."""
    return _RUNNING.get()


@contextmanager
def state_running_command(arguments: Sequence[str]) -> Iterator[None]:
    """Let pictures that are written inside state that these arguments made them.

    Options that say where to write and what to print are left out, so that the same request gives
    the same picture everywhere; of absolute paths only the last part stays, so that a picture
    tells nobody how folders on a machine are called.
    """
    token = _RUNNING.set(_command_text(arguments))
    try:
        yield
    finally:
        _RUNNING.reset(token)


def _command_text(arguments: Sequence[str]) -> str:
    kept, given = [], iter(arguments)
    for argument in given:
        name, _, value = argument.partition("=")
        if name in _WITH_VALUE:
            if not value:
                next(given, None)
        elif argument not in _ALONE:
            kept.append(_without_folders(argument))
    return shlex.join(["rainmer-analysis", *kept])


def _without_folders(argument: str) -> str:
    name, equals, value = argument.rpartition("=")
    return name + equals + (PurePath(value).name if PurePath(value).is_absolute() else value)
