"""The map and the matrix of a table, kept in the folder beside a report."""

from __future__ import annotations

import logging
from pathlib import Path

from rainmer_analysis.recipes.cached_results import cached_map
from rainmer_analysis.recipes.relate_tables import RelateOptions, relate_and_write_matrix
from rainmer_analysis.recipes.report.report_inputs import ReportOptions
from rainmer_analysis.sphere import project
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, SphereMap

__all__ = ["map_and_matrix"]

_log = logging.getLogger(__name__)


def map_and_matrix(
    table: EmbeddingTable, folder: Path, options: ReportOptions
) -> tuple[SphereMap, RelationshipMatrix | None]:
    """Lay a table out and relate its datasets, or read what `folder` holds; one has no matrix."""
    name, datasets, seed = table.space.name, table.rows.datasets, options.seed
    _log.info("%s: laying out %d images", name, len(table))
    layout = {
        "engine": "sphere",
        "neighbors": options.neighbors,
        "min_dist": 0.0,
        "seed": seed,
        "stability": 0,
    }
    path = folder / "maps" / f"{table.space.stem}.parquet"
    laid_out = cached_map(table, path, project, options=layout, overwrite=options.overwrite)
    _log.info("%s: relating %d datasets", name, len(datasets))
    if len(datasets) < 2:
        return laid_out.value, None
    relating = RelateOptions(resamples=options.resamples, null=options.null, seed=seed)
    path = folder / "matrices" / f"{table.space.stem}.json"
    related = relate_and_write_matrix(table, path, options=relating, overwrite=options.overwrite)
    return laid_out.value, related.value
