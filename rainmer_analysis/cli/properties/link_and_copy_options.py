"""``--link`` and ``--copy``: a folder of the images that a manifest lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rainmer_analysis.cli.options import CommonOptions
from rainmer_analysis.errors import ParameterError

if TYPE_CHECKING:
    from rainmer_analysis.values import Rows

__all__ = ["check_one_folder", "link_and_copy_options", "write_folder"]

Command = TypeVar("Command", bound=Callable[..., Any])


def link_and_copy_options(command: Command) -> Command:
    """Add ``--link FOLDER`` and ``--copy FOLDER``."""
    for name, what in (("--copy", "copies of"), ("--link", "symbolic links to")):
        command = click.option(
            name,
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help=f"Also make a new folder with {what} the images and targets.",
        )(command)
    return command


def check_one_folder(link: Path | None, copy: Path | None) -> None:
    """Make sure that at most one of the two is asked for."""
    if link is not None and copy is not None:
        raise click.UsageError("--link and --copy exclude each other; give one of them")


def write_folder(
    common: CommonOptions, rows: Rows | None, link: Path | None, copy: Path | None
) -> str | None:
    """Make the folder if one is asked for, and return its name."""
    folder = link or copy
    if folder is None:
        return None
    if rows is None:
        raise ParameterError(
            "rows of an array are no images, of which a folder could be made; "
            "leave out --link and --copy"
        )
    from rainmer_analysis.recipes.properties import write_images

    current = write_images(rows, folder, "copy" if link is None else "link")
    common.note(f"{folder}: {'up to date' if current else 'written'}")
    return str(folder)
