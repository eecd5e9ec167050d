"""``relate``: a table to a matrix of scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import Common, common_options

if TYPE_CHECKING:
    from rainmer_analysis.values import RelationshipMatrix

__all__ = ["relate"]

_SUFFIXES = (".json", ".csv")


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Matrix to write: .json or .csv.",
)
@click.option(
    "--score",
    default="cosine",
    show_default=True,
    metavar="NAME",
    help="cosine: mean cosine of different images; paper: an image's pair with itself included.",
)
@common_options
def relate(common: Common, table: Path, out: Path, score: str) -> None:
    """Score how the datasets of TABLE relate, as a matrix.

    TABLE is a Parquet file that `extract` wrote, or a directory of parts. The matrix is printed
    too.
    """
    # numpy, pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.errors import ParameterError
    from rainmer_analysis.recipes.relate import kept_matrix
    from rainmer_analysis.values import TableStream, matrix_document

    if out.suffix.lower() not in _SUFFIXES:
        raise ParameterError(
            f"a matrix cannot be written as {out.name!r}; use a name that ends in "
            f"{' or '.join(_SUFFIXES)}"
        )
    kept = kept_matrix(TableStream(table), out, score=score, overwrite=common.overwrite)
    common.note(f"{out}: {kept.state}")
    common.result(matrix_document(kept.value), _text(kept.value))


def _text(matrix: RelationshipMatrix) -> str:
    header = ["", *matrix.datasets, "images", "scenes"]
    body = [
        [name, *map(_cell, matrix.values[row]), str(matrix.counts[row]), str(matrix.groups[row])]
        for row, name in enumerate(matrix.datasets)
    ]
    lines = [header, *body]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    space = "" if matrix.space is None else f"{matrix.space.name}, "
    table = (
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
    return "\n".join([f"{space}{matrix.score}", *table])


def _cell(value: float) -> str:
    # a lone minus before zeros would state a sign that two decimals do not show
    return "-" if math.isnan(value) else f"{value:z.2f}"
