"""``export``: tables and maps to other programs."""

from __future__ import annotations

from pathlib import Path

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

__all__ = ["export_command"]


@click.command("export")
@options.path_arguments("sources", "TABLE|MAP...")
@options.out_file_option("File to write: .parquet.")
@click.option("--thumbnails", is_flag=True, help="Add small pictures of the images.")
@options.count_option("--neighbors", 0, "Add the nearest N images of each.", least=0)
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

    chosen = ExportOptions(thumbnails=thumbnails, neighbors=neighbors)
    with common.progress_bar("image") as progress:
        done = export(sources, out, options=chosen, overwrite=common.overwrite, progress=progress)
    for note in done.notes:
        common.print_note(note)
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
    common.print_result(
        document, f"{out}: {state}, {done.rows} images\nopens with: {done.atlas_command}"
    )
