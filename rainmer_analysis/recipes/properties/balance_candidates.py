"""Numbers to balance by: of a table of properties, of embeddings, or of an array of one column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import FileFormatError, ParameterError, SpaceError
from rainmer_analysis.values import EmbeddingTable, PropertyTable, Rows, Space, read_as

__all__ = ["EMBEDDING", "CandidateRows", "read_candidate_rows", "read_candidates_and_references"]

EMBEDDING = "embedding"
"""The property that stands for all numbers of a table of embeddings."""


@dataclass(frozen=True, eq=False)
class CandidateRows:
    """Properties of rows.

    Parameters
    ----------
    name
        What to call the set.
    values
        Shape (n, k): rows by properties, not finite where not defined.
    ids
        A text for each row: its image id, or its number from 0.
    rows
        Labels, where the rows are images; None for an array.
    space
        Of embeddings; else None.
    """

    name: str
    values: NDArray[np.float64]
    ids: tuple[str, ...]
    rows: Rows | None = None
    space: Space | None = None

    @property
    def usable_positions(self) -> NDArray[np.int64]:
        """Positions of the rows that have all properties."""
        return np.flatnonzero(np.isfinite(self.values).all(axis=1))


def read_candidates_and_references(
    properties: str | Path, like: str | Path | Sequence[str | Path], names: Sequence[str]
) -> tuple[CandidateRows, list[CandidateRows]]:
    """Read the set to choose from and the sets to be like; all need usable rows of one space."""
    own = read_candidate_rows(properties, names)
    others = [read_candidate_rows(each, names) for each in _reference_paths(like)]
    _check_comparable(own, others, names)
    return own, others


def read_candidate_rows(path: str | Path, properties: Sequence[str]) -> CandidateRows:
    """Read columns of a table of properties, the vectors of one of embeddings, or a ``.npy`` array.

    An array has one column, whatever it is called; embeddings are asked for as ``embedding``,
    alone.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of another kind.
    ParameterError
        There is no such property, several are asked of an array, or others beside ``embedding``.
    """
    source = Path(path)
    if EMBEDDING in properties:
        return _read_embedding_rows(source, properties)
    if source.suffix.lower() == ".npy":
        if len(properties) > 1:
            raise ParameterError(
                f"{source} holds one column, but {len(properties)} properties are asked for; "
                "give files that 'rainmer-analysis describe' wrote"
            )
        values = _read_array_column(source)
        return CandidateRows(source.stem, values, tuple(map(str, range(len(values)))))
    if source.exists() and source.suffix.lower() != ".parquet":
        raise FileFormatError(
            f"{source} holds no properties; give a .parquet file that 'rainmer-analysis describe' "
            "wrote, or a .npy array of one column"
        )
    table = read_as(source, PropertyTable)
    found = np.stack([table.column(name) for name in properties], axis=1)
    return CandidateRows(
        source.stem, found, tuple(table.rows.column("image_id").tolist()), table.rows
    )


def _read_embedding_rows(source: Path, properties: Sequence[str]) -> CandidateRows:
    if len(properties) > 1:
        raise ParameterError(
            f"the properties are {', '.join(properties)}; embeddings are balanced by alone"
        )
    table = read_as(source, EmbeddingTable)
    ids = tuple(table.rows.column("image_id").tolist())
    # files of tables are named by their space, which all that are balanced share
    name = ", ".join(table.rows.datasets)
    return CandidateRows(name, table.vectors.astype(np.float64), ids, table.rows, table.space)


def _read_array_column(path: Path) -> NDArray[np.float64]:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise FileFormatError(f"there is no file {path}; give a .npy array of one column") from None
    except (OSError, ValueError, EOFError) as error:
        raise FileFormatError(f"{path} cannot be read as an array of numbers: {error}") from error
    columns = array.shape[1:] if isinstance(array, np.ndarray) else None
    if columns not in ((), (1,)) or array.ndim == 0 or array.dtype.kind not in "fiu":
        shape = array.shape if isinstance(array, np.ndarray) else "several arrays"
        kind = array.dtype if isinstance(array, np.ndarray) else "no one type"
        raise FileFormatError(
            f"{path} holds {shape} of {kind}; give one column of real numbers, one a row"
        )
    return np.asarray(array, np.float64).reshape(-1, 1)


def _check_comparable(
    own: CandidateRows, others: Sequence[CandidateRows], names: Sequence[str]
) -> None:
    """Make sure that all sets have rows to compare, in one space."""
    for each in (own, *others):
        if not len(each.usable_positions):
            raise ParameterError(
                f"no row of {each.name} has all of {', '.join(names)}; describe pairs that have"
            )
        if each.space != own.space:
            raise SpaceError(
                f"{each.name} lies in another space than {own.name}; extract both by one encoder"
            )


def _reference_paths(like: str | Path | Sequence[str | Path]) -> list[str | Path]:
    found = [like] if isinstance(like, str | Path) else list(like)
    if not found:
        raise ParameterError("no set to be like was given; name the properties of at least one")
    return found
