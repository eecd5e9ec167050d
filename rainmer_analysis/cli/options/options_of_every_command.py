"""The options that every command shares, and how commands print what they made.

Results go to stdout, notes and progress to stderr. A command function takes ``common:
CommonOptions`` as its first argument, which `common_options` makes from the shared options.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rainmer_analysis.cli.terminal.print_and_log import echo, log_to_stderr, print_json
from rainmer_analysis.cli.terminal.progress import show_progress

if TYPE_CHECKING:
    from rainmer_analysis.draw import Drawing

__all__ = ["CommonOptions", "common_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class CommonOptions:
    """The values of the shared options.

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

    @property
    def shows_bars(self) -> bool:
        """Whether progress bars are welcome: only on a terminal."""
        return not self.quiet and sys.stderr is not None and sys.stderr.isatty()

    def progress_bar(self, unit: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """Return a context with a function (finished, total) that shows progress on stderr."""
        return show_progress(unit, self.print_note, bars=self.shows_bars)

    def print_note(self, text: str) -> None:
        """Print a line about the work on stderr, unless quiet."""
        if not self.quiet:
            echo(text, err=True)

    def print_and_return_state(self, path: Path, *, up_to_date: bool) -> str:
        """Print whether an output was written or is up to date on stderr, and return it."""
        state = "up to date" if up_to_date else "written"
        self.print_note(f"{path}: {state}")
        return state

    def print_result(self, document: object, text: str) -> None:
        """Print the result: the JSON document with ``--json``, else the text."""
        if self.as_json:
            print_json(document)
        else:
            echo(text)

    def save_drawing_once(self, drawing: Drawing, path: Path) -> bool:
        """Save a picture unless it is up to date, and return whether it was."""
        current = drawing.up_to_date_or_refuse(path, overwrite=self.overwrite)
        drawing.save(path, overwrite=self.overwrite)
        return current


def common_options(command: Command) -> Command:
    """Return a command with the options that all share, as one `CommonOptions`."""

    @click.option("--seed", default=42, show_default=True, help="Seed of every random choice.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
    @click.option("--quiet", is_flag=True, help="No notes and no progress on stderr.")
    @click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
    @click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors.")
    @functools.wraps(command)
    def run_with_common_options(
        *args: Any, seed: int, as_json: bool, quiet: bool, overwrite: bool, **kwargs: Any
    ) -> Any:
        # pandas and pyarrow wait until there is work, so that --help does not
        from rainmer_analysis.values import state_running_command

        log_to_stderr(quiet=quiet)
        if isinstance(kwargs.get("out"), str | Path):
            _demand_writable_if_new(Path(kwargs["out"]))
        given = click.get_current_context().find_root().obj  # what `main` was called with
        with state_running_command(given) if isinstance(given, list) else nullcontext():
            return command(CommonOptions(seed, as_json, quiet, overwrite), *args, **kwargs)

    return run_with_common_options  # type: ignore[return-value]


def _demand_writable_if_new(out: Path) -> None:
    """Refuse a new output that cannot be written; what exists already may be read only."""
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.values import demand_writable

    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        demand_writable(out)
