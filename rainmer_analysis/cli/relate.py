"""``relate``: a table to a matrix of scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import Common, common_options

if TYPE_CHECKING:
    from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix

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
    from rainmer_analysis.errors import FileFormatError, ParameterError
    from rainmer_analysis.values import EmbeddingTable, matrix_document, read

    if out.suffix.lower() not in _SUFFIXES:
        raise ParameterError(
            f"a matrix cannot be written as {out.name!r}; use a name that ends in "
            f"{' or '.join(_SUFFIXES)}"
        )
    loaded = read(table)
    if not isinstance(loaded, EmbeddingTable):
        raise FileFormatError(
            f"{table} holds a {type(loaded).__name__}, not a table of embeddings; "
            "relate a table that 'rainmer-analysis extract' wrote"
        )
    matrix, state = _write(loaded, score, out, overwrite=common.overwrite)
    common.note(f"{out}: {state}")
    common.result(matrix_document(matrix), _text(matrix))


def _write(
    table: EmbeddingTable, score: str, out: Path, *, overwrite: bool
) -> tuple[RelationshipMatrix, str]:
    from rainmer_analysis.scores import relate as relate_table
    from rainmer_analysis.values import digest, standing, write

    matrix = relate_table(table, score=score)
    request = digest(["relate", table.content_sha256, score])
    if out.suffix.lower() == ".csv":
        # CSV has no room for the request; the same numbers under the same names answer it
        current = out.exists() and _holds(out, matrix)
    else:
        current = standing(out, request, overwrite=overwrite)
    if current:
        return matrix, "up to date"
    write(matrix, out, overwrite=overwrite, request=request)
    return matrix, "written"


def _holds(path: Path, matrix: RelationshipMatrix) -> bool:
    import numpy as np

    from rainmer_analysis.errors import FileFormatError
    from rainmer_analysis.values import RelationshipMatrix, read

    try:
        found = read(path)
    except FileFormatError:
        return False
    return (
        isinstance(found, RelationshipMatrix)
        and found.datasets == matrix.datasets
        and np.array_equal(found.values, matrix.values, equal_nan=True)
    )


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
