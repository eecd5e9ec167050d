"""``relate`` and ``sketch``: a table to a matrix of scores, or to sums that can be related."""

from __future__ import annotations

from pathlib import Path

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.terminal.matrix_text import matrix_text

__all__ = ["relate", "sketch"]

_SUFFIXES = (".json", ".csv")


@click.command()
@options.path_arguments("tables", "TABLE")
@options.out_file_option("Matrix to write: .json or .csv.")
@options.text_option(
    "--score",
    "cosine, paper, centred, direction (from sums over all images); energy, mmd, frechet, "
    "sliced-wasserstein, classifier, neighbours (from a sample).",
    default="cosine",
)
@options.count_option(
    "--resamples", 0, "Intervals and ceilings, over scenes, from N resamples.", least=0
)
@options.count_option("--null", 0, "Test every pair by N permutations of scenes.", least=0)
@options.text_option(
    "--reference",
    "What 'centred' subtracts: a dataset's mean, or that of a matrix made before.",
    metavar="DATASET|MATRIX",
)
@options.count_option(
    "--sample", 500, "Images of each dataset that samples and permutations look at.", least=2
)
@common_options
def relate(
    common: CommonOptions,
    tables: tuple[Path, ...],
    out: Path,
    reference: str | None,
    **values: str | int,
) -> None:
    """Score how the datasets of TABLE relate, as a matrix.

    TABLE is a Parquet file that `extract` wrote, a directory of parts, or one or more sketches.
    The matrix is printed too.
    """
    # numpy, pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.recipes.relate_tables import (
        RelateOptions,
        open_table_or_sketches,
        parse_reference,
        relate_and_write_matrix,
    )
    from rainmer_analysis.values import checked_suffix, matrix_document

    checked_suffix(out, "a matrix", *_SUFFIXES)
    named = None if reference is None else parse_reference(reference)
    chosen = RelateOptions(**values, reference=named, seed=common.seed)  # type: ignore[arg-type]
    with common.progress_bar("pair"):
        kept = relate_and_write_matrix(
            open_table_or_sketches(tables), out, options=chosen, overwrite=common.overwrite
        )
    common.print_and_return_state(out, up_to_date=kept.up_to_date)
    for sentence in kept.value.parameters.get("left_out", {}).values():
        common.print_note(f"left out: {sentence}")
    if out.suffix.lower() == ".csv" and (values["resamples"] or values["null"]):
        common.print_note(f"{out.name} holds the scores alone; .json holds intervals, p and q too")
    if values["score"] == "centred" and reference is None:
        common.print_note(
            f"measured from the mean of {min(kept.value.datasets)}, the first in the alphabet; "
            "name a dataset with --reference, so that adding another one cannot change it"
        )
    common.print_result(matrix_document(kept.value), matrix_text(kept.value))


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@options.out_file_option("Sketch to write.")
@options.count_option(
    "--resamples",
    None,
    "Resamples to keep [default: 192, at most half the scenes of the smallest dataset].",
)
@common_options
def sketch(common: CommonOptions, table: Path, out: Path, resamples: int | None) -> None:
    """Keep of TABLE the sums that `relate` needs: no image, and no vector of one.

    Sketches of several tables, of the same space and seed, are related as one table would be.
    """
    from rainmer_analysis.errors import ParameterError
    from rainmer_analysis.recipes.relate_tables import cached_sketch
    from rainmer_analysis.values import TableStream

    if out.suffix.lower() == ".parquet":
        raise ParameterError(
            f"{out} would be taken for a table; give the sketch a name that does not end in "
            ".parquet, such as lab.sketch"
        )
    kept = cached_sketch(
        TableStream(table), out, resamples=resamples, seed=common.seed, overwrite=common.overwrite
    )
    made = kept.value
    fewest = min(sums.scenes for sums in made.datasets.values())
    share = min(1.0, (made.resample_count + 2) / fewest)
    common.print_note(
        f"to whom the scenes' names are known, {made.resample_count} resamples of {fewest} scenes "
        f"give away up to {share:.0%} of a scene's vector"
    )
    document = {
        "kind": "sketch",
        "out": str(out),
        "state": kept.state,
        "space": made.space.name,
        "seed": made.seed,
        "resamples": made.resample_count,
        "datasets": {
            name: {"images": sums.count, "scenes": sums.scenes}
            for name, sums in made.datasets.items()
        },
    }
    text = f"{made.space.name}, {made.resample_count} resamples of {', '.join(made.datasets)}"
    common.print_result(document, f"{out}: {kept.state}; {text}")
