"""A table to a matrix that stands as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.recipes.kept import Kept
from rainmer_analysis.scores import DEFAULT_SCORE, relate
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    TableStream,
    digest,
    read,
    standing,
    versions_of,
    write,
)

__all__ = ["kept_matrix"]


def kept_matrix(
    table: EmbeddingTable | TableStream,
    path: Path,
    *,
    score: str = DEFAULT_SCORE,
    overwrite: bool = False,
) -> Kept[RelationshipMatrix]:
    """Relate a table's datasets and keep the matrix at `path`, ``.json`` or ``.csv``.

    The scores are quickly made anew, so a file is compared, not trusted.

    Raises
    ------
    OutputExistsError
        Something else lies at `path`.
    """
    matrix = relate(table, score=score)
    asked = ["relate", table.content_sha256, score]
    versions = versions_of("relate")
    request = digest([*asked, versions] if versions else asked)
    if path.suffix.lower() == ".csv":
        # CSV has no room for the request; the same numbers under the same names answer it
        current = path.exists() and _holds(path, matrix)
    else:
        current = standing(path, request, overwrite=overwrite)
    if not current:
        write(matrix, path, overwrite=overwrite, request=request)
    return Kept(matrix, up_to_date=current)


def _holds(path: Path, matrix: RelationshipMatrix) -> bool:
    try:
        found = read(path)
    except FileFormatError:
        return False
    return (
        isinstance(found, RelationshipMatrix)
        and found.datasets == matrix.datasets
        and np.array_equal(found.values, matrix.values, equal_nan=True)
    )
