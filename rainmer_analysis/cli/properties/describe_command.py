"""``describe``: the published measures of images and pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.properties.properties_and_balance_text import properties_text

if TYPE_CHECKING:
    from rainmer_analysis.values import PropertyTable

__all__ = ["describe_images"]


def _suffix_check_callback(*suffixes: str) -> Callable[..., Path | None]:
    """Return a callback that refuses other names before any work is done."""

    def refuse_other_suffixes(
        context: click.Context, option: click.Parameter, path: Path | None
    ) -> Path | None:
        if path is not None and path.suffix.lower() not in suffixes:
            raise click.BadParameter(
                f"{path.name!r} does not end in {' or '.join(suffixes)}", context, option
            )
        return path

    return refuse_other_suffixes


@click.command("describe")
@options.source_options
@options.out_file_option(
    "Table to write; FILE.skipped.csv beside it names what cannot be used.", metavar="FILE.parquet"
)
@options.per_dataset_option(None)
@options.path_option(
    "--plot",
    "FILE",
    "Also draw the distributions: .png, .pdf or .svg.",
    dest="picture",
    callback=_suffix_check_callback(".png", ".pdf", ".svg"),
)
@options.path_option(
    "--card",
    "FILE.md",
    "Also write a dataset card in Markdown.",
    callback=_suffix_check_callback(".md", ".markdown"),
)
@options.workers_option(None, "Threads that read and measure.")
@common_options
def describe_images(
    common: CommonOptions,
    sources: tuple[str, ...],
    out: Path,
    picture: Path | None,
    card: Path | None,
    **values: Any,
) -> None:
    """Measure every image of SOURCE... and its pair, as the paper did.

    Rain density, entropy and brightness of image and target, vertical gradient and colour of the
    rain, PSNR. Images without a usable target get the measures that need none; a measure that is
    not defined is null. An interrupted run is continued when it is started again.
    """
    from rainmer_analysis.recipes.properties import (
        describe,
        skipped_list_path,
        summarise_properties,
    )

    with common.progress_bar("image") as progress:
        done = describe(
            sources,
            out=out,
            seed=common.seed,
            overwrite=common.overwrite,
            progress=progress,
            **values,
        )
    summary = summarise_properties(done.table)
    skipped = {
        "images": len(done.left_out),
        "targets": len(done.partners),
        "path": str(skipped_list_path(out)),
    }
    state = common.print_and_return_state(out, up_to_date=done.up_to_date)
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
    common.print_result({**document, "skipped": skipped, "datasets": summary, "files": files}, text)
    for sentence in sentences:
        common.print_note(sentence)


def _write_picture_and_card(
    common: CommonOptions, table: PropertyTable, picture: Path | None, card: Path | None
) -> dict[str, Any]:
    """Draw the picture and write the card, where they are asked for."""
    if picture is not None:
        from rainmer_analysis.draw import plot_properties

        current = common.save_drawing_once(plot_properties(table), picture)
        common.print_and_return_state(picture, up_to_date=current)
    if card is not None:
        from rainmer_analysis.recipes.properties import write_dataset_card_once

        current = write_dataset_card_once(table, card, overwrite=common.overwrite)
        common.print_and_return_state(card, up_to_date=current)
    return {"plot": picture and str(picture), "card": card and str(card)}
