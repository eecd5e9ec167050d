"""Tables to maps and matrices, each kept as a file and made only when it is not there."""

from __future__ import annotations

import logging
from typing import Any

from rainmer_analysis.recipes.cached_results import cached_map
from rainmer_analysis.recipes.paper.corpora_and_requests import Corpus, FigureRequest
from rainmer_analysis.recipes.relate_tables import RelateOptions, relate_and_write_matrix
from rainmer_analysis.sphere import project
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, SphereMap

__all__ = ["project_cached", "relate_cached", "relate_with_intervals_cached"]

_log = logging.getLogger(__name__)
_RESAMPLES = 1000
_PERMUTATIONS = 1000
# The published call: on the sphere with 50 neighbours and no minimal distance.
_LAYOUT = {"neighbors": 50, "min_dist": 0.0, "stability": 0}


def project_cached(request: FigureRequest, corpus: Corpus, table: EmbeddingTable) -> SphereMap:
    """Return the map of a table, made only where it is not there."""
    path = request.out / "maps" / corpus.name / f"{table.space.stem}.parquet"

    def log_and_project(table: EmbeddingTable, **options: Any) -> SphereMap:
        _log.info("projecting %s of %d images", table.space.name, len(table))
        return project(table, **options)

    options = {"engine": request.engine, **_LAYOUT, "seed": request.seed}
    return cached_map(
        table, path, log_and_project, options=options, overwrite=request.overwrite
    ).value


def relate_cached(
    request: FigureRequest, corpus: Corpus, table: EmbeddingTable
) -> RelationshipMatrix:
    """Return the matrix of a table's datasets, and keep it as a file."""
    path = request.out / "matrices" / corpus.name / f"{table.space.stem}.json"
    return relate_and_write_matrix(table, path, overwrite=request.overwrite).value


def relate_with_intervals_cached(
    request: FigureRequest, corpus: Corpus, table: EmbeddingTable
) -> RelationshipMatrix:
    """Return the same matrix with intervals, ceilings and tests of its pairs, kept as a file."""
    path = request.out / "matrices" / corpus.name / f"{table.space.stem}-intervals.json"
    options = RelateOptions(resamples=_RESAMPLES, null=_PERMUTATIONS, seed=request.seed)
    return relate_and_write_matrix(table, path, options=options, overwrite=request.overwrite).value
