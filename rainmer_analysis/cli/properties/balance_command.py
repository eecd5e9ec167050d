"""``balance``: a subset of one set in which properties lie as in others."""

from __future__ import annotations

from pathlib import Path

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, out_file, progress_bar
from rainmer_analysis.cli.properties.link_and_copy_options import (
    check_one_folder,
    link_and_copy_options,
    write_folder,
)
from rainmer_analysis.cli.properties.properties_text import balance_text

__all__ = ["balance"]

_LIKE = "--like"


class _ManyValuesOption(click.Command):
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


@click.command(cls=_ManyValuesOption)
@click.argument("properties", metavar="PROPERTIES", type=click.Path(path_type=Path))
@click.option(
    _LIKE,
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PROPERTIES...",
    help="Sets to be like, each with the same weight.",
)
@click.option(
    "--property",
    "by",
    multiple=True,
    default=("density",),
    show_default=True,
    metavar="NAME",
    help="Property to balance by; may be repeated. `embedding` for tables that `extract` wrote.",
)
@click.option(
    "--method",
    type=click.Choice(["paper", "optimal"]),
    default=None,
    help="The published rule of three strata, which fixes the size, or optimal matching "
    "[default: optimal with --size, else paper].",
)
@click.option(
    "--size", type=click.IntRange(min=1), default=None, metavar="N", help="Rows to choose."
)
@out_file("Manifest to write.", metavar="FILE.toml")
@link_and_copy_options
@common_options
def balance(
    common: CommonOptions,
    properties: Path,
    like: tuple[Path, ...],
    by: tuple[str, ...],
    method: str | None,
    size: int | None,
    out: Path,
    link: Path | None,
    copy: Path | None,
) -> None:
    """Choose a subset of one set whose properties lie as in the sets of --like.

    PROPERTIES is a file that `describe` or `extract` wrote; then the manifest lists the images,
    and every command reads it as a SOURCE. Or it is a .npy array of one column; then the manifest
    lists row numbers. No image is moved, and none copied without --copy.
    """
    check_one_folder(link, copy)
    from rainmer_analysis.recipes.properties import balance as recipe

    with progress_bar(common, "row"):
        done = recipe(
            properties,
            like,
            by=by,
            method=method,
            size=size,
            out=out,
            seed=common.seed,
            overwrite=common.overwrite,
        )
    state = "up to date" if done.up_to_date else "written"
    common.note(f"{out}: {state}")
    folder = write_folder(common, done.labels, link, copy)
    document = done.document()
    common.result(
        {**document, "manifest": str(out), "state": state, "folder": folder}, balance_text(document)
    )
