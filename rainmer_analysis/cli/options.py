"""Options and habits that every command shares.

Results go to stdout, notes and progress to stderr. A command function takes ``common: Common`` as
its first argument, which `common_options` makes from the shared options.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import click
from tqdm import tqdm

from rainmer_analysis.errors import StorageError

__all__ = [
    "CommonOptions",
    "common_options",
    "device_option",
    "echo",
    "figure_options",
    "out_file",
    "per_dataset_option",
    "precision_option",
    "progress_bar",
    "source_options",
]

Command = TypeVar("Command", bound=Callable[..., Any])


def echo(text: str, *, err: bool = False) -> None:
    """Print a line; what the stream's encoding cannot show is printed as an escape."""
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    _print_or_give_up(text.encode(encoding, "backslashreplace").decode(encoding), err=err)


def _print_or_give_up(text: str | bytes, *, err: bool = False) -> None:
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


def _say_json(text: str) -> None:
    """Print a JSON document, which is UTF-8 by its standard, whatever the console's encoding."""
    if hasattr(sys.stdout, "buffer"):
        _print_or_give_up(text.encode("utf-8", "backslashreplace"))
    else:  # a stream that takes text alone, such as io.StringIO
        echo(text)


@dataclass(frozen=True)
class CommonOptions:
    """What the shared options said.

    Parameters
    ----------
    seed
        Seed of every random choice.
    as_json
        Whether stdout carries one JSON document and nothing else.
    quiet
        Whether notes and progress are left out.
    overwrite
        Whether existing outputs may be replaced.
    """

    seed: int
    as_json: bool
    quiet: bool
    overwrite: bool

    def note(self, text: str) -> None:
        """Say something about the work on stderr, unless quiet."""
        if not self.quiet:
            echo(text, err=True)

    def result(self, document: object, text: str) -> None:
        """Print the result: the JSON document with ``--json``, else the text."""
        if not self.as_json:
            echo(text)
            return
        # numpy waits until there is work, so that --help does not
        from rainmer_analysis.values import to_json_types

        _say_json(
            json.dumps(to_json_types(document), indent=1, ensure_ascii=False, allow_nan=False)
        )

    @property
    def bars(self) -> bool:
        """Whether progress bars are welcome: only on a terminal."""
        return not self.quiet and sys.stderr is not None and sys.stderr.isatty()


_EVERY = 30.0  # seconds between two lines of progress where there is no terminal
_PATIENCE = 1.0  # seconds until a bar is shown


class _Lines:
    """Progress for a log: now and then a line with the rate and the time that is left."""

    def __init__(self, common: CommonOptions, unit: str) -> None:
        self._common, self._unit = common, unit
        self._start, self._told = (0.0, 0), 0.0
        self._total = -1

    def __call__(self, finished: int, total: int, unit: str = "") -> None:
        now = monotonic()
        if total != self._total or finished < self._start[1]:
            self._start, self._told, self._total = (now, finished), now, total
            return
        since, first = self._start
        if now - self._told < _EVERY or finished == first:
            return
        self._told = now
        rate = (finished - first) / (now - since)
        left = tqdm.format_interval((total - finished) / rate)
        what = unit or self._unit
        self._common.note(f"{finished} of {total} {what}s, {rate:.3g} a second, {left} left")


@contextmanager
def progress_bar(common: CommonOptions, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Return a function (finished, total) that moves a bar on stderr, if bars are welcome.

    A new total starts the bar anew, so that one bar serves several stages; computations inside
    that report their own progress move it too. It shows itself after a second. Where stderr is no
    terminal, a line says every half minute how far the work is.
    """
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.values import report_progress_to

    if not common.bars:
        lines = _Lines(common, unit)
        with report_progress_to(lines):
            yield lines
        return
    with tqdm(unit=f" {unit}s", file=sys.stderr, leave=False, delay=_PATIENCE) as shown:

        def progress(finished: int, total: int, what: str = "") -> None:
            if shown.total != total or finished < shown.n:
                shown.reset(total=total)
            shown.unit = f" {what or unit}s"
            shown.update(finished - shown.n)

        with report_progress_to(progress):
            yield progress


class _StderrLogHandler(logging.Handler):
    """Passes the package's log records on to stderr through click."""

    def emit(self, record: logging.LogRecord) -> None:
        echo(self.format(record), err=True)


def _log_to_stderr(*, quiet: bool) -> None:
    logger = logging.getLogger("rainmer_analysis")
    logger.handlers = [_StderrLogHandler()]
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    logger.propagate = False


def common_options(command: Command) -> Command:
    """Return a command with the options that all share, as one `CommonOptions`."""

    @click.option("--seed", default=42, show_default=True, help="Seed of every random choice.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
    @click.option("--quiet", is_flag=True, help="No notes and no progress on stderr.")
    @click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
    @click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors.")
    @functools.wraps(command)
    def wrapped(
        *args: Any, seed: int, as_json: bool, quiet: bool, overwrite: bool, **kwargs: Any
    ) -> Any:
        # pandas and pyarrow wait until there is work, so that --help does not
        from rainmer_analysis.values import state_running_command

        _log_to_stderr(quiet=quiet)
        if isinstance(kwargs.get("out"), str | Path):
            _check_place(Path(kwargs["out"]))
        given = click.get_current_context().find_root().obj  # what `main` was called with
        with state_running_command(given) if isinstance(given, list) else nullcontext():
            return command(CommonOptions(seed, as_json, quiet, overwrite), *args, **kwargs)

    return wrapped  # type: ignore[return-value]


def _check_place(out: Path) -> None:
    """Find out before the work whether results can be written; what stands may be read only."""
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.values import demand_writable

    if (out.is_dir() and not any(out.iterdir())) or not out.exists():
        demand_writable(out)


def out_file(help_: str, **more: Any) -> Callable[[Command], Command]:
    """Return ``--out``, a file to write that has to be named."""
    kind: click.Path = click.Path(dir_okay=False, path_type=Path)
    return click.option("--out", required=True, type=kind, help=help_, **more)


def per_dataset_option(default: int | None) -> Callable[[Command], Command]:
    """Return ``--per-dataset N``, how many images are drawn; None draws all."""
    note = " [default: all]" if default is None else ""
    return click.option(
        "--per-dataset",
        default=default,
        show_default=default is not None,
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Images drawn from each dataset{note}.",
    )


def source_options(command: Command) -> Command:
    """Return a command its ``SOURCE...`` arguments and ``--root``."""
    command = click.option(
        "--root",
        type=click.Path(file_okay=False),
        default=None,
        help="Folder that holds the paper's datasets; then catalogue names are sources too.",
    )(command)
    return click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")(command)


def device_option(command: Command) -> Command:
    """Return a command ``--device``."""
    return click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
    )(command)


def precision_option(command: Command) -> Command:
    """Return a command ``--precision``."""
    return click.option(
        "--precision",
        default="exact",
        show_default=True,
        type=click.Choice(["exact", "fast"]),
        help="float32, or bfloat16 (a space of its own).",
    )(command)


def figure_options(command: Command) -> Command:
    """Return a command what figures are made from, where, and how."""
    command = click.option(
        "--engine",
        type=click.Choice(["umap-learn", "sphere"]),
        default="umap-learn",
        show_default=True,
        help="Lay maps out as published, or by SphereUMAP.",
    )(command)
    command = precision_option(device_option(command))
    command = click.option(
        "--per-dataset",
        type=click.IntRange(2),
        default=None,
        help="Images of each dataset [default: 120 simulated or 500 real ones].",
    )(command)
    command = click.option(
        "--root",
        type=click.Path(file_okay=False),
        default=None,
        help="Folder that holds the paper's datasets; without it simulated ones stand in.",
    )(command)
    return click.option("--out", default="figures", show_default=True, help="Folder of results.")(
        command
    )
