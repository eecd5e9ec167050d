"""``extract``: images to one table of embeddings per view."""

from __future__ import annotations

from typing import Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

__all__ = ["extract"]


@click.command()
@options.source_options
@options.text_option(
    "--encoder",
    "rainmer, airnet, statistics, untrained:SEED, or one from another package.",
    default="rainmer",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder for one table per view and skipped.csv.",
)
@options.weights_option
@options.per_dataset_option(500)
@options.count_option("--batch-size", None, "Images per pass.")
@options.workers_option(None, "Threads that read images.")
@options.device_option
@options.precision_option
@click.option("--strict", is_flag=True, help="End with 1 when an image was left out.")
@common_options
def extract(common: CommonOptions, sources: tuple[str, ...], **values: Any) -> None:
    """Embed the images of every SOURCE: all views of an encoder in one pass.

    A SOURCE is NAME=FOLDER, a manifest FILE.toml or, with --root, a name of the catalogue. Images
    that cannot be used are named in DIR/skipped.csv with the reason. An interrupted run is
    continued when it is started again. Started by torchrun, the processes share the images, and
    every table is a folder of parts.
    """
    from rainmer_analysis.values import (
        TableStream,
        demand_unlocked,
        lock_path_of,
        refuse_existing_non_weights,
    )

    # before torch is imported
    demand_unlocked(lock_path_of(values["out"], values["encoder"]))
    refuse_existing_non_weights(values["weights"], encoder=values["encoder"])
    from rainmer_analysis.recipes.extract_tables import extract as recipe

    with common.progress_bar("image") as progress:
        done = recipe(
            list(sources),
            seed=common.seed,
            overwrite=common.overwrite,
            progress=progress,
            ranks=True,
            **values,
        )
    if not done.paths:  # the first of several processes prints the result
        return
    state = "up to date" if done.up_to_date else "written"
    tables = {
        view: {
            "path": str(path),
            "space": table.space.name,
            "images": len(table),
            "dimensions": table.dim,
            "datasets": table.counts,
        }
        for view, path in done.paths.items()
        for table in [TableStream(path)]
    }
    left_out = {"count": len(done.skipped), "path": f"{values['out']}/skipped.csv"}
    lines = [
        f"{table['path']}: {state}, {table['images']} images, {table['dimensions']} dimensions"
        for table in tables.values()
    ]
    lines.append(f"left out: {left_out['count']} (listed in {left_out['path']})")
    document = {"kind": "extraction", "state": state, "tables": tables, "skipped": left_out}
    common.print_result({**document, "files": done.accounts}, "\n".join(lines))
