"""A table to a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.scores.registry import DEFAULT_SCORE, score_named
from rainmer_analysis.scores.score import Context, Score
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix

__all__ = ["relate"]

_BATCH = 8192


def relate(table: EmbeddingTable, *, score: str = DEFAULT_SCORE) -> RelationshipMatrix:
    """Score every pair of a table's datasets.

    Rows are summarised in batches, one pass in all; then k (k + 1) / 2 summaries are compared.

    Parameters
    ----------
    table
        At least one row.
    score
        A name in `SCORES`: ``cosine`` (the mean cosine between the images of two datasets; on the
        diagonal between different images of one) or ``paper`` (the same, self pairs included).

    Returns
    -------
    RelationshipMatrix
        Datasets in the order of their first rows. A cell that has too few images, such as the
        diagonal of a single image under ``cosine``, is missing (NaN).

    Raises
    ------
    ParameterError
        The table is empty, or there is no such score.
    """
    chosen = score_named(score)
    if len(table) == 0:
        raise ParameterError("the table holds no image; a matrix needs at least one")
    names = table.rows.datasets
    summaries = _summaries(table, chosen)
    counts = tuple(table.rows.counts.values())
    return RelationshipMatrix(
        _compare_all(chosen, summaries, counts),
        names,
        chosen.name,
        table.space,
        counts,
        tuple(table.rows.group_counts.values()),
        symmetric=chosen.symmetric,
        parameters={"table": table.content_sha256, "similarity": chosen.similarity},
    )


def _summaries(table: EmbeddingTable, score: Score) -> list[Any]:
    codes = table.rows.codes
    found: dict[int, Any] = {}
    for start in range(0, len(table), _BATCH):
        part = slice(start, start + _BATCH)
        unit, here = unit_rows(table.vectors[part]), codes[part]
        for code in np.unique(here).tolist():
            summary = score.summarise(unit[here == code])
            found[code] = score.merge(found[code], summary) if code in found else summary
    return [found[code] for code in sorted(found)]


def _compare_all(
    score: Score, summaries: list[Any], counts: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    size = len(summaries)
    values = np.full((size, size), np.nan)
    for a in range(size):
        for b in range(a if score.symmetric else 0, size):
            needed = score.fewest_same if a == b else score.fewest
            if min(counts[a], counts[b]) >= needed:
                values[a, b] = score.compare(summaries[a], summaries[b], Context(same=a == b))
            if score.symmetric:
                values[b, a] = values[a, b]
    return values
