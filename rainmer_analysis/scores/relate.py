"""A table to a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.scores.registry import DEFAULT_SCORE, score_named
from rainmer_analysis.scores.score import Context, Score
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, TableStream

__all__ = ["relate"]


def relate(
    table: EmbeddingTable | TableStream, *, score: str = DEFAULT_SCORE
) -> RelationshipMatrix:
    """Score every pair of a table's datasets.

    Rows are summarised in batches, one pass in all; then k (k + 1) / 2 summaries are compared.

    Parameters
    ----------
    table
        At least one row; a `TableStream` need not fit into memory.
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
    found = _summaries(table, chosen)
    counts = tuple(each.count for each in found.values())
    return RelationshipMatrix(
        _compare_all(chosen, [each.summary for each in found.values()], counts),
        tuple(found),
        chosen.name,
        table.space,
        counts,
        tuple(len(np.unique(np.concatenate(each.scenes))) for each in found.values()),
        symmetric=chosen.symmetric,
        parameters={"table": table.content_sha256, "similarity": chosen.similarity},
    )


@dataclass
class _Seen:
    """What has streamed by of a dataset: summary, images, and hashes of its scenes."""

    summary: Any
    count: int
    scenes: list[npt.NDArray[np.uint64]]


def _summaries(table: EmbeddingTable | TableStream, score: Score) -> dict[str, _Seen]:
    """Summarise every dataset, in the order of first rows."""
    found: dict[str, _Seen] = {}
    for batch in table.batches():
        unit, codes = unit_rows(batch.vectors), batch.rows.codes
        scenes = pd.util.hash_array(batch.rows.column("group").astype(object), categorize=False)
        for code, name in enumerate(batch.rows.datasets):
            own = codes == code
            summary, here = score.summarise(unit[own]), np.unique(scenes[own])
            if name not in found:
                found[name] = _Seen(summary, int(own.sum()), [here])
                continue
            known = found[name]
            known.summary = score.merge(known.summary, summary)
            known.count += int(own.sum())
            known.scenes.append(here)
    return found


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
