"""``export``: tables and maps to other programs."""

from __future__ import annotations

from pathlib import Path

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, out_file, progress_bar

__all__ = ["export_command"]


@click.command("export")
@click.argument(
    "sources", nargs=-1, required=True, metavar="TABLE|MAP...", type=click.Path(path_type=Path)
)
@out_file("File to write: .parquet.")
@click.option("--thumbnails", is_flag=True, help="Add small pictures of the images.")
@click.option(
    "--neighbors",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Add the nearest N images of each.",
)
@common_options
def export_command(
    common: CommonOptions, sources: tuple[Path, ...], out: Path, *, thumbnails: bool, neighbors: int
) -> None:
    """Write a table, a map, or one of each as Parquet for other programs.

    Tables and maps open in embedding-atlas as they are; this adds thumbnails and neighbours, and
    puts the vectors of a table beside the coordinates of its map.
    """
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.recipes.interchange.export_rows import ExportOptions, export

    options = ExportOptions(thumbnails=thumbnails, neighbors=neighbors)
    with progress_bar(common, "image") as progress:
        done = export(sources, out, options=options, overwrite=common.overwrite, progress=progress)
    for note in done.notes:
        common.note(note)
    state = "up to date" if done.up_to_date else "written"
    document = {
        "kind": "export",
        "out": str(out),
        "state": state,
        "images": done.rows,
        "columns": list(done.columns),
        "notes": list(done.notes),
        "opens_with": done.atlas_command,
    }
    common.result(document, f"{out}: {state}, {done.rows} images\nopens with: {done.atlas_command}")
