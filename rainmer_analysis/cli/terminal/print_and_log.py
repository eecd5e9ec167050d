"""Printing to stdout and stderr, whatever their encoding and whoever still reads them."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import suppress

import click

from rainmer_analysis.cli.terminal.text_tables import printable
from rainmer_analysis.errors import StorageError

__all__ = ["echo", "log_to_stderr", "print_json"]


def echo(text: str, *, err: bool = False) -> None:
    """Print a line; what the stream's encoding cannot show is printed as an escape."""
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    _print_despite_broken_stream(shown, err=err)


def print_json(document: object) -> None:
    """Print a JSON document, which is UTF-8 by its standard, whatever the console's encoding."""
    # numpy waits until there is work, so that --help does not
    from rainmer_analysis.values import to_json_types

    text = json.dumps(to_json_types(document), indent=1, ensure_ascii=False, allow_nan=False)
    if hasattr(sys.stdout, "buffer"):
        _print_despite_broken_stream(text.encode("utf-8", "backslashreplace"))
    else:  # a stream that takes text alone, such as io.StringIO
        echo(text)


def _print_despite_broken_stream(text: str | bytes, *, err: bool = False) -> None:
    """Print, and let no closed or full stderr end the work."""
    try:
        click.echo(text, err=err)
    except (OSError, ValueError) as error:
        _redirect_to_nowhere(2 if err else 1)
        if err:
            return
        if isinstance(error, BrokenPipeError):  # whoever reads has read enough
            raise SystemExit(0) from error
        raise StorageError(
            f"the result cannot be printed ({getattr(error, 'strerror', None) or error}); it is "
            "written where --out says; give standard output another place"
        ) from error


def _redirect_to_nowhere(descriptor: int) -> None:
    """Let what is left in a broken stream go nowhere, so that Python's end is quiet."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


class _StderrLogHandler(logging.Handler):
    """Passes the package's log records on to stderr through click."""

    def emit(self, record: logging.LogRecord) -> None:
        echo(printable(self.format(record)), err=True)


def log_to_stderr(*, quiet: bool) -> None:
    """Print the package's log on stderr: notes and warnings, or errors alone."""
    logger = logging.getLogger("rainmer_analysis")
    logger.handlers = [_StderrLogHandler()]
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    logger.propagate = False
