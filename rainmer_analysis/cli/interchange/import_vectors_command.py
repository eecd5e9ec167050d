"""``import``: vectors of others to a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, out_file_option, text_option

__all__ = ["import_vectors_command"]


@click.command("import")
@click.argument("vectors", metavar="VECTORS", type=click.Path(path_type=Path))
@out_file_option("Table to write: .parquet.")
@text_option("--encoder", "What made the vectors.", required=True)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV or Parquet, a row for each vector in the same order.",
)
@text_option("--view", "Of the space.", default="features")
@text_option(
    "--identity",
    "What tells these weights from others; tables of two identities are not combined.",
    metavar="TEXT",
    default="",
    show_default=False,
)
@text_option("--preprocessing", "How images were resized.", metavar="TEXT", default="unknown")
@text_option("--vectors", "Of the lists in Parquet.", dest="column", metavar="COLUMN")
@text_option("--image-id", "Names.", metavar="COLUMN", default="image_id")
@text_option("--dataset-column", "Datasets.", metavar="COLUMN", default="dataset")
@text_option("--group", "Scenes, if there.", metavar="COLUMN", default="group")
@text_option("--name", "The one dataset that all images are of.", metavar="DATASET")
@common_options
def import_vectors_command(
    common: CommonOptions,
    vectors: Path,
    out: Path,
    labels: Path | None,
    column: str | None,
    dataset_column: str,
    **stated: Any,
) -> None:
    """Make a table of VECTORS that another program wrote.

    VECTORS is a NumPy file (.npy, one row for each image) with --labels, or Parquet with a column
    of lists. Every vector is brought to length 1; those without a direction are left out and named.
    """
    # pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.recipes.interchange.import_vectors import ImportOptions, import_vectors

    options = ImportOptions(**stated, vectors=column, dataset=dataset_column)
    done = import_vectors(vectors, out, options=options, labels=labels, overwrite=common.overwrite)
    for image, reason in done.left_out.items():
        common.print_note(f"left out: {image}: {reason}")
    if done.unused:
        common.print_note(f"columns that a table has no place for: {', '.join(done.unused)}")
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
    common.print_result(
        document,
        f"{out}: {state}, {len(done.table)} images of {len(counts)} dataset(s), "
        f"{done.table.dim} dimensions; left out: {len(done.left_out)}\n"
        f"next: rainmer-analysis relate {out} --out matrix.json",
    )
