"""``balance``: a subset of one set in which properties lie as in others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.options.link_and_copy_options import (
    link_and_copy_options,
    link_or_copy_if_asked,
    refuse_link_with_copy,
)
from rainmer_analysis.cli.properties.properties_and_balance_text import balance_text

__all__ = ["balance_subset"]

_LIKE = "--like"


class _LikeTakesManyCommand(click.Command):
    """A command whose ``--like`` takes all names up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        open_, names = False, 0
        for each in args:
            if each.startswith("-") and each != "-":
                open_, names = each == _LIKE, 0
            elif open_:
                spread += [_LIKE] if names else []
                names += 1
            spread.append(each)
        return super().parse_args(ctx, spread)


@click.command("balance", cls=_LikeTakesManyCommand)
@click.argument("properties", metavar="PROPERTIES", type=click.Path(path_type=Path))
@click.option(
    _LIKE,
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PROPERTIES...",
    help="Sets to be like, each with the same weight.",
)
@options.text_option(
    "--property",
    "Property to balance by; may be repeated. `embedding` for tables that `extract` wrote.",
    dest="by",
    multiple=True,
    default=("density",),
)
@options.choice_option(
    "--method",
    ("paper", "optimal"),
    "The published rule of three strata, which fixes the size, or optimal matching "
    "[default: optimal with --size, else paper].",
    default=None,
)
@options.count_option("--size", None, "Rows to choose.")
@options.out_file_option("Manifest to write.", metavar="FILE.toml")
@link_and_copy_options
@common_options
def balance_subset(
    common: CommonOptions,
    properties: Path,
    like: tuple[Path, ...],
    out: Path,
    link: Path | None,
    copy: Path | None,
    **values: Any,
) -> None:
    """Choose a subset of one set whose properties lie as in the sets of --like.

    PROPERTIES is a file that `describe` or `extract` wrote; then the manifest lists the images,
    and every command reads it as a SOURCE. Or it is a .npy array of one column; then the manifest
    lists row numbers. No image is moved, and none copied without --copy.
    """
    refuse_link_with_copy(link, copy)
    from rainmer_analysis.recipes.properties import balance

    with common.progress_bar("row"):
        done = balance(
            properties, like, out=out, seed=common.seed, overwrite=common.overwrite, **values
        )
    state = common.print_and_return_state(out, up_to_date=done.up_to_date)
    folder = link_or_copy_if_asked(common, done.labels, link, copy)
    document = done.document()
    common.print_result(
        {**document, "manifest": str(out), "state": state, "folder": folder}, balance_text(document)
    )
