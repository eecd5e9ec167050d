"""Statements about cells of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.intervals import Statistic
from rainmer_analysis.values import RelationshipMatrix

__all__ = [
    "Cell",
    "all_negative",
    "all_positive",
    "cells",
    "highest_cell",
    "lowest_cell",
    "night_margin",
    "night_margin_statistic",
]


class Cell(NamedTuple):
    """The score between two datasets."""

    first: str
    second: str
    value: float


def cells(
    matrix: RelationshipMatrix,
    names: Sequence[str] | None = None,
    *,
    against: Sequence[str] | None = None,
) -> tuple[Cell, ...]:
    """Give the cells between different datasets.

    Parameters
    ----------
    matrix
        A symmetric matrix.
    names
        Which datasets; by default all.
    against
        When given, the cells between each of `names` and each of these; else between every two of
        `names`. No pair is given twice, and no dataset is paired with itself.

    Raises
    ------
    ParameterError
        A name is not in the matrix, no pair is left, or a cell is missing.
    """
    first = matrix.datasets if names is None else tuple(names)
    second = first if against is None else tuple(against)
    where = {name: index for index, name in enumerate(matrix.datasets)}
    unknown = [name for name in (*first, *second) if name not in where]
    if unknown:
        raise ParameterError(
            f"the matrix has no dataset {unknown[0]!r}; it has {', '.join(matrix.datasets)}"
        )
    pairs = dict.fromkeys(tuple(sorted((where[a], where[b]))) for a in first for b in second)
    found = tuple(
        Cell(matrix.datasets[a], matrix.datasets[b], float(matrix.values[a, b]))
        for a, b in pairs
        if a != b
    )
    if not found:
        raise ParameterError(
            f"{', '.join(first)} gives no pair of datasets; name at least two different ones"
        )
    missing = [cell for cell in found if np.isnan(cell.value)]
    if missing:
        raise ParameterError(
            f"the score between {missing[0].first} and {missing[0].second} is missing; "
            "leave one of them out or give it more images"
        )
    return found


def all_positive(
    matrix: RelationshipMatrix,
    names: Sequence[str] | None = None,
    *,
    against: Sequence[str] | None = None,
) -> bool:
    """Say whether every score that `cells` gives is above 0."""
    return all(cell.value > 0 for cell in cells(matrix, names, against=against))


def all_negative(
    matrix: RelationshipMatrix,
    names: Sequence[str] | None = None,
    *,
    against: Sequence[str] | None = None,
) -> bool:
    """Say whether every score that `cells` gives is below 0."""
    return all(cell.value < 0 for cell in cells(matrix, names, against=against))


def lowest_cell(
    matrix: RelationshipMatrix,
    names: Sequence[str] | None = None,
    *,
    against: Sequence[str] | None = None,
) -> Cell:
    """Give the lowest of the scores that `cells` gives."""
    return min(cells(matrix, names, against=against), key=lambda cell: cell.value)


def highest_cell(
    matrix: RelationshipMatrix,
    names: Sequence[str] | None = None,
    *,
    against: Sequence[str] | None = None,
) -> Cell:
    """Give the highest of the scores that `cells` gives."""
    return max(cells(matrix, names, against=against), key=lambda cell: cell.value)


def night_margin(matrix: RelationshipMatrix, night: str) -> float:
    """Give how clearly one dataset stands apart from all others.

    The lowest score between two of the other (daytime) datasets minus the highest score of `night`
    with any of them. Positive: the scores alone tell night from day.

    Raises
    ------
    ParameterError
        There is no such dataset, or fewer than two others.
    """
    return night_margin_statistic(night)(matrix.values, matrix.datasets)


def night_margin_statistic(night: str) -> Statistic:
    """Give `night_margin` as a statistic for `bootstrap`."""

    def statistic(values: npt.NDArray[np.float64], datasets: tuple[str, ...]) -> float:
        if night not in datasets or len(datasets) < 3:
            raise ParameterError(
                f"the margin of {night!r} over {', '.join(datasets)} is undefined; "
                "it needs that dataset and at least two others"
            )
        place = datasets.index(night)
        day = np.delete(np.delete(values, place, axis=0), place, axis=1)
        others = day[np.triu_indices(len(day), k=1)]
        return float(others.min() - np.delete(values[place], place).max())

    return statistic
