"""``--link`` and ``--copy``: a folder of the images that a manifest lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rainmer_analysis.cli.options.option_factories import path_option
from rainmer_analysis.cli.options.options_of_every_command import CommonOptions
from rainmer_analysis.errors import ParameterError

if TYPE_CHECKING:
    from rainmer_analysis.values import Rows

__all__ = ["link_and_copy_options", "link_or_copy_if_asked", "refuse_link_with_copy"]

Command = TypeVar("Command", bound=Callable[..., Any])


def link_and_copy_options(command: Command) -> Command:
    """Add ``--link FOLDER`` and ``--copy FOLDER``."""
    for name, what in (("--copy", "copies of"), ("--link", "symbolic links to")):
        help_ = f"Also make a new folder with {what} the images and targets."
        command = path_option(name, "FOLDER", help_, folder=True)(command)
    return command


def refuse_link_with_copy(link: Path | None, copy: Path | None) -> None:
    """Refuse that both are asked for."""
    if link is not None and copy is not None:
        raise click.UsageError("--link and --copy exclude each other; give one of them")


def link_or_copy_if_asked(
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
    from rainmer_analysis.recipes.properties import link_or_copy_images_once

    current = link_or_copy_images_once(rows, folder, "copy" if link is None else "link")
    common.print_and_return_state(folder, up_to_date=current)
    return str(folder)
