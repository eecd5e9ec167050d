"""A table to a matrix or a sketch that is kept as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.errors import FileFormatError, OutputExistsError, ParameterError
from rainmer_analysis.recipes.cached_results import CachedResult
from rainmer_analysis.scores import (
    DEFAULT_SCORE,
    Reference,
    Sketch,
    read_sketch,
    read_sketch_request_digest,
    relate,
    sketch,
    write_sketch,
)
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    TableStream,
    algorithm_versions,
    digest,
    read,
    read_as,
    up_to_date_or_refuse,
    write,
    write_atomically,
)

__all__ = [
    "RelateOptions",
    "cached_sketch",
    "open_table_or_sketches",
    "parse_reference",
    "relate_and_write_matrix",
]

Source = EmbeddingTable | TableStream | tuple[Sketch, ...]


@dataclass(frozen=True)
class RelateOptions:
    """Options of `relate`, with its defaults."""

    score: str = DEFAULT_SCORE
    resamples: int = 0
    null: int = 0
    reference: str | Reference | None = None
    sample: int = 500
    seed: int = 42

    @property
    def request_identity(self) -> list[Any]:
        """What a result depends on beside its data; as before where only the score is chosen."""
        chosen = asdict(self)
        if isinstance(self.reference, Reference):
            chosen["reference"] = [self.reference.name, self.reference.mean.tolist()]
        if chosen == asdict(RelateOptions(score=self.score, seed=self.seed)):
            return [self.score]
        return [chosen]


def relate_and_write_matrix(
    table: Source,
    path: Path,
    *,
    score: str = DEFAULT_SCORE,
    options: RelateOptions | None = None,
    overwrite: bool = False,
) -> CachedResult[RelationshipMatrix]:
    """Relate datasets and keep the matrix at `path`, ``.json`` or ``.csv``.

    The scores are quickly made anew, so a file is compared, not trusted.

    Raises
    ------
    OutputExistsError
        Something else lies at `path`.
    """
    chosen = RelateOptions(score=score) if options is None else options
    given = {name: getattr(chosen, name) for name in chosen.__dataclass_fields__}
    matrix = relate(table, **given)
    content = matrix.parameters["table"]
    asked = ["relate", content, *chosen.request_identity]
    versions = algorithm_versions("relate")
    request = digest([*asked, versions] if versions else asked)
    if path.suffix.lower() == ".csv":
        # CSV has no room for the request; the same numbers under the same names answer it
        current = path.exists() and _does_csv_hold(path, matrix)
    else:
        current = up_to_date_or_refuse(path, request, overwrite=overwrite)
    if not current:
        write(matrix, path, overwrite=overwrite, request=request)
    return CachedResult(matrix, up_to_date=current)


def _does_csv_hold(path: Path, matrix: RelationshipMatrix) -> bool:
    try:
        found = read(path)
    except FileFormatError:
        return False
    return (
        isinstance(found, RelationshipMatrix)
        and found.datasets == matrix.datasets
        and np.array_equal(found.values, matrix.values, equal_nan=True)
    )


def cached_sketch(
    table: EmbeddingTable | TableStream,
    path: Path,
    *,
    resamples: int | None = None,
    seed: int = 42,
    overwrite: bool = False,
) -> CachedResult[Sketch]:
    """Sketch a table, or read the sketch that the identical request left at `path`."""
    request = digest(["sketch", table.content_sha256, resamples, seed])
    if path.exists():
        if read_sketch_request_digest(path) == request:
            return CachedResult(read_sketch(path), up_to_date=True)
        if path.is_dir() or not overwrite:
            raise OutputExistsError.at(path)
    made = sketch(table, resamples=resamples, seed=seed)
    write_atomically(path, lambda temporary: write_sketch(made, temporary, request))
    return CachedResult(made, up_to_date=False)


def open_table_or_sketches(paths: Sequence[Path]) -> Source:
    """Open one table, or one or more sketches.

    Raises
    ------
    FileFormatError
        A file is missing, damaged or of another kind.
    ParameterError
        Several tables came, or tables and sketches together.
    """
    tables = [path for path in paths if path.is_dir() or path.suffix.lower() == ".parquet"]
    if len(paths) == 1 and tables:
        return TableStream(paths[0])
    if not tables:
        return tuple(read_sketch(path) for path in paths)
    raise ParameterError(
        f"{len(paths)} inputs came and {tables[0]} is a table; give one table (a folder of parts "
        "counts as one), or sketches alone"
    )


def parse_reference(text: str) -> str | Reference:
    """Return the dataset's name that ``--reference`` is, or the mean in the file it names."""
    path = Path(text)
    if path.suffix.lower() != ".json":
        return text
    try:
        matrix = read_as(path, RelationshipMatrix)
        stated = matrix.parameters["reference"]
        mean = np.array(stated["mean"], dtype=np.float64)
        return Reference(str(stated["name"]), mean, matrix.space)
    except (FileFormatError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{path} holds no reference mean; give a matrix that 'rainmer-analysis relate --score "
            "centred' wrote, or the name of a dataset"
        ) from error
