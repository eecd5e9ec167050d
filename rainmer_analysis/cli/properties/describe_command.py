"""``describe``: the published measures of images and pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import (
    CommonOptions,
    common_options,
    out_file,
    per_dataset_option,
    progress_bar,
    source_options,
)
from rainmer_analysis.cli.properties.properties_text import properties_text

if TYPE_CHECKING:
    from rainmer_analysis.values import PropertyTable

__all__ = ["describe"]

_PICTURES = (".png", ".pdf", ".svg")


def _check_suffix(*suffixes: str) -> Callable[..., Path | None]:
    """Return a callback that refuses other names before any work is done."""

    def check(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path.suffix.lower() not in suffixes:
            raise click.BadParameter(
                f"{path.name!r} does not end in {' or '.join(suffixes)}", context, option
            )
        return path

    return check


@click.command()
@source_options
@out_file(
    "Table to write; FILE.skipped.csv beside it names what cannot be used.", metavar="FILE.parquet"
)
@per_dataset_option(None)
@click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_check_suffix(*_PICTURES),
    metavar="FILE",
    help="Also draw the distributions: .png, .pdf or .svg.",
)
@click.option(
    "--card",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_check_suffix(".md", ".markdown"),
    metavar="FILE.md",
    help="Also write a dataset card in Markdown.",
)
@click.option(
    "--workers",
    default=None,
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads that read and measure.",
)
@common_options
def describe(
    common: CommonOptions,
    sources: tuple[str, ...],
    root: str | None,
    out: Path,
    per_dataset: int | None,
    picture: Path | None,
    card: Path | None,
    workers: int | None,
) -> None:
    """Measure every image of SOURCE... and its pair, as the paper did.

    Rain density, entropy and brightness of image and target, vertical gradient and colour of the
    rain, PSNR. Images without a usable target get the measures that need none; a measure that is
    not defined is null. An interrupted run is continued when it is started again.
    """
    from rainmer_analysis.recipes.properties import describe as recipe
    from rainmer_analysis.recipes.properties import skipped_path, summarise_properties

    with progress_bar(common, "image") as progress:
        done = recipe(
            sources,
            out=out,
            root=root,
            per_dataset=per_dataset,
            seed=common.seed,
            workers=workers,
            overwrite=common.overwrite,
            progress=progress,
        )
    summary = summarise_properties(done.table)
    skipped = {
        "images": len(done.left_out),
        "targets": len(done.partners),
        "path": str(skipped_path(out)),
    }
    state = "up to date" if done.up_to_date else "written"
    common.note(f"{out}: {state}")
    made = _write_picture_and_card(common, done.table, picture, card)
    files = {name: dict(account) for name, account in done.accounts.items()}
    sentences = [str(account.pop("sentence")) for account in files.values()]
    document = {"kind": "description", "state": state, "table": str(out), **made}
    text = properties_text(summary)
    if done.left_out.size or done.partners.size:
        text += (
            f"\nleft out: {skipped['images']:,} images and {skipped['targets']:,} targets "
            f"(listed in {skipped['path']})"
        )
    common.result({**document, "skipped": skipped, "datasets": summary, "files": files}, text)
    for sentence in sentences:
        common.note(sentence)


def _write_picture_and_card(
    common: CommonOptions, table: PropertyTable, picture: Path | None, card: Path | None
) -> dict[str, str | None]:
    """Draw the picture and write the card, where they are asked for."""
    if picture is not None:
        from rainmer_analysis.draw import plot_properties

        drawing = plot_properties(table)
        current = drawing.is_up_to_date(picture, overwrite=common.overwrite)
        drawing.save(picture, overwrite=common.overwrite)
        common.note(f"{picture}: {'up to date' if current else 'written'}")
    if card is not None:
        from rainmer_analysis.recipes.properties import write_card

        current = write_card(table, card, overwrite=common.overwrite)
        common.note(f"{card}: {'up to date' if current else 'written'}")
    return {
        "plot": None if picture is None else str(picture),
        "card": None if card is None else str(card),
    }
