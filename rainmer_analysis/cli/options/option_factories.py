"""Options and arguments that several commands take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = [
    "choice_option",
    "count_option",
    "device_option",
    "figure_options",
    "out_file_option",
    "path_arguments",
    "path_option",
    "per_dataset_option",
    "precision_option",
    "root_option",
    "source_options",
    "text_option",
    "weights_option",
    "workers_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])


def text_option(
    name: str, help_: str, *, dest: str = "", metavar: str = "NAME", **more: Any
) -> Callable[[Command], Command]:
    """Return an option that takes a text, and shows its default if it has one."""
    shown = more.get("default") is not None
    more = {"show_default": shown, **more}
    return click.option(name, *filter(None, [dest]), metavar=metavar, help=help_, **more)


def count_option(
    name: str, default: int | None, help_: str, *, least: int | None = 1, **more: Any
) -> Callable[[Command], Command]:
    """Return an option that takes a number from `least`, and shows its default if it has one."""
    more = {"metavar": "N", "show_default": default is not None, **more}
    kind = int if least is None else click.IntRange(least)
    return click.option(name, default=default, type=kind, help=help_, **more)


def choice_option(
    name: str, choices: Sequence[str], help_: str, **more: Any
) -> Callable[[Command], Command]:
    """Return an option that takes one of some words, by default the first."""
    more = {"default": choices[0], "show_default": True, **more}
    return click.option(name, type=click.Choice(choices), help=help_, **more)


def path_option(
    name: str, metavar: str, help_: str, *, dest: str = "", folder: bool = False, **more: Any
) -> Callable[[Command], Command]:
    """Return an option that takes the path of a file, or of a `folder`."""
    kind: click.Path = click.Path(file_okay=not folder, dir_okay=folder, path_type=Path)
    return click.option(name, *filter(None, [dest]), metavar=metavar, help=help_, type=kind, **more)


def path_arguments(name: str, metavar: str) -> Callable[[Command], Command]:
    """Return arguments that take one or more paths."""
    kind: click.Path = click.Path(path_type=Path)
    return click.argument(name, nargs=-1, required=True, metavar=metavar, type=kind)


def out_file_option(help_: str | None, **more: Any) -> Callable[[Command], Command]:
    """Return ``--out``, a file to write that has to be named."""
    kind: click.Path = click.Path(dir_okay=False, path_type=Path)
    return click.option("--out", required=True, type=kind, help=help_, **more)


def per_dataset_option(default: int | None) -> Callable[[Command], Command]:
    """Return ``--per-dataset N``, how many images are drawn; None draws all."""
    note = " [default: all]" if default is None else ""
    return count_option("--per-dataset", default, f"Images drawn from each dataset{note}.")


def workers_option(
    default: int | None, help_: str = "Threads.", **more: Any
) -> Callable[[Command], Command]:
    """Return ``--workers``, how many threads or processes work."""
    return count_option("--workers", default, help_, **more)


root_option = click.option(
    "--root",
    type=click.Path(file_okay=False),
    help="Folder that holds the paper's datasets; then catalogue names are sources too.",
)


def source_options(command: Command) -> Command:
    """Add the arguments ``SOURCE...`` and ``--root`` to a command."""
    command = root_option(command)
    return click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")(command)


weights_option = text_option(
    "--weights",
    "A file of weights, or the shipped derain (default) or allweather.",
    metavar="FILE|NAME",
)
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)
precision_option = choice_option(
    "--precision", ("exact", "fast"), "float32, or bfloat16 (a space of its own)."
)


def figure_options(command: Command) -> Command:
    """Add the options of the paper's figures: out, root, images, device, precision, engine."""
    for option in (
        choice_option(
            "--engine", ("umap-learn", "sphere"), "Lay maps out as published, or by SphereUMAP."
        ),
        device_option,
        precision_option,
        count_option(
            "--per-dataset",
            None,
            "Images of each dataset [default: 120 simulated or 500 real ones].",
            least=2,
        ),
        click.option(
            "--root",
            type=click.Path(file_okay=False),
            help="Folder that holds the paper's datasets; without it simulated ones stand in.",
        ),
        click.option("--out", default="figures", show_default=True, help="Folder of results."),
    ):
        command = option(command)
    return command
