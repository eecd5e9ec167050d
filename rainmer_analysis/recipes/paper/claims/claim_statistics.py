"""Statistics that the supplement's claims come down to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores import Statistic, bootstrap, compactness, isolation, relate
from rainmer_analysis.values import EmbeddingTable

__all__ = [
    "MatrixStatistic",
    "TableStatistic",
    "highest_score_statistic",
    "highest_score_with_statistic",
    "lowest_score_between_statistic",
    "lowest_score_statistic",
    "lowest_score_without_statistic",
    "neighbours_within_statistic",
    "spread_over_distance_statistic",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MatrixStatistic:
    """A statistic of the mean cosines between datasets.

    Parameters
    ----------
    words
        The statistic in words.
    function
        Scores (k, k) and dataset names to a number.
    """

    words: str
    function: Statistic

    def value(self, table: EmbeddingTable) -> float:
        """Take the statistic of a table."""
        return self.function(relate(table).values, table.rows.datasets)

    def interval(self, table: EmbeddingTable) -> tuple[float, float]:
        """Return the 95 % bootstrap interval over scenes."""
        found = bootstrap(table, self.function)
        return found.low, found.high


@dataclass(frozen=True)
class TableStatistic:
    """A statistic of a table's images, without an interval.

    Parameters
    ----------
    words
        The statistic in words.
    function
        A table to a number.
    """

    words: str
    function: Callable[[EmbeddingTable], float]

    def value(self, table: EmbeddingTable) -> float:
        """Take the statistic of a table."""
        return self.function(table)

    def interval(self, table: EmbeddingTable) -> None:  # noqa: ARG002
        """Return no interval: images that are neighbours cannot be resampled one by one."""
        return


def _indices_of(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ParameterError(
            f"a claim speaks of {missing[0]!r}, but the table holds {', '.join(names)}"
        )
    return [names.index(name) for name in wanted]


def highest_score_with_statistic(dataset: str) -> MatrixStatistic:
    """Highest score of one dataset with any other."""

    def statistic_of_scores(values: Floats, names: tuple[str, ...]) -> float:
        (place,) = _indices_of(names, [dataset])
        return float(np.delete(values[place], place).max())

    return MatrixStatistic(f"highest score of {dataset} with another set", statistic_of_scores)


def lowest_score_without_statistic(dataset: str) -> MatrixStatistic:
    """Lowest score between two datasets, one dataset left aside."""

    def statistic_of_scores(values: Floats, names: tuple[str, ...]) -> float:
        (place,) = _indices_of(names, [dataset])
        kept = np.delete(np.delete(values, place, axis=0), place, axis=1)
        return float(kept[np.triu_indices(len(kept), 1)].min())

    return MatrixStatistic(f"lowest score between two sets, {dataset} aside", statistic_of_scores)


def lowest_score_between_statistic(
    first: Sequence[str], second: Sequence[str], *, family: str | None = None
) -> MatrixStatistic:
    """Lowest score between a dataset of one family and one of another, which may have a name."""

    def statistic_of_scores(values: Floats, names: tuple[str, ...]) -> float:
        return float(values[np.ix_(_indices_of(names, first), _indices_of(names, second))].min())

    other = family or " or ".join(second)
    return MatrixStatistic(
        f"lowest score of {' or '.join(first)} with {other}", statistic_of_scores
    )


def lowest_score_statistic() -> MatrixStatistic:
    """Lowest score between two different datasets."""

    def statistic_of_scores(values: Floats, names: tuple[str, ...]) -> float:
        return float(values[np.triu_indices(len(names), 1)].min())

    return MatrixStatistic("lowest score between two sets", statistic_of_scores)


def highest_score_statistic() -> MatrixStatistic:
    """Highest score between two different datasets."""

    def statistic_of_scores(values: Floats, names: tuple[str, ...]) -> float:
        return float(values[np.triu_indices(len(names), 1)].max())

    return MatrixStatistic("highest score between two sets", statistic_of_scores)


def neighbours_within_statistic(dataset: str) -> TableStatistic:
    """Share of a dataset's images among the nearest neighbours of its images."""
    return TableStatistic(
        f"share of {dataset} among the 15 nearest images, of other scenes, of its images",
        lambda table: isolation(table, dataset),
    )


def spread_over_distance_statistic() -> TableStatistic:
    """Spread within datasets over the distance between them."""
    return TableStatistic("angle within datasets over angle between them", compactness)
