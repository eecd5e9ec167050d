"""``import``: vectors of others to a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, out_file

__all__ = ["import_command"]


@click.command("import")
@click.argument("vectors", metavar="VECTORS", type=click.Path(path_type=Path))
@out_file("Table to write: .parquet.")
@click.option("--encoder", required=True, metavar="NAME", help="What made the vectors.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV or Parquet, a row for each vector in the same order.",
)
@click.option("--view", default="features", show_default=True, metavar="NAME", help="Of the space.")
@click.option(
    "--identity",
    default="",
    metavar="TEXT",
    help="What tells these weights from others; tables of two identities are not combined.",
)
@click.option(
    "--preprocessing",
    default="unknown",
    show_default=True,
    metavar="TEXT",
    help="How images were resized.",
)
@click.option("--vectors", "column", metavar="COLUMN", help="Of the lists in Parquet.")
@click.option("--image-id", default="image_id", show_default=True, metavar="COLUMN", help="Names.")
@click.option(
    "--dataset-column", default="dataset", show_default=True, metavar="COLUMN", help="Datasets."
)
@click.option(
    "--group", default="group", show_default=True, metavar="COLUMN", help="Scenes, if there."
)
@click.option("--name", metavar="DATASET", help="The one dataset that all images are of.")
@common_options
def import_command(
    common: CommonOptions,
    vectors: Path,
    out: Path,
    labels: Path | None,
    column: str | None,
    dataset_column: str,
    **said: Any,
) -> None:
    """Make a table of VECTORS that another program wrote.

    VECTORS is a NumPy file (.npy, one row for each image) with --labels, or Parquet with a column
    of lists. Every vector is brought to length 1; those without a direction are left out and named.
    """
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.recipes.interchange.import_vectors import ImportOptions, import_vectors

    options = ImportOptions(**said, vectors=column, dataset=dataset_column)
    done = import_vectors(vectors, out, options=options, labels=labels, overwrite=common.overwrite)
    for image, reason in done.left_out.items():
        common.note(f"left out: {image}: {reason}")
    if done.unused:
        common.note(f"columns that a table has no place for: {', '.join(done.unused)}")
    state = "up to date" if done.up_to_date else "written"
    counts = done.table.rows.counts
    document = {
        "kind": "import",
        "out": str(out),
        "state": state,
        "space": done.table.space.name,
        "dimensions": done.table.dim,
        "datasets": counts,
        "left_out": dict(done.left_out),
        "unused_columns": list(done.unused),
    }
    common.result(
        document,
        f"{out}: {state}, {len(done.table)} images of {len(counts)} dataset(s), "
        f"{done.table.dim} dimensions; left out: {len(done.left_out)}\n"
        f"next: rainmer-analysis relate {out} --out matrix.json",
    )
