"""What a report shows of each space: map, neighbours, scores between datasets, outliers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from rainmer_analysis.numerics import Neighbours, align_maps, nearest_neighbours
from rainmer_analysis.pages import Outlier, SpacePanel
from rainmer_analysis.recipes.cached_results import cached_map
from rainmer_analysis.recipes.relate_tables import RelateOptions, relate_and_write_matrix
from rainmer_analysis.recipes.report.report_inputs import ReportOptions
from rainmer_analysis.scores import FENCE, OUTLIER_NEIGHBOURS, find_outliers, isolations
from rainmer_analysis.sphere import project
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, Rows, SphereMap

__all__ = ["NEIGHBOUR_RULES", "list_outliers", "space_panels"]

_log = logging.getLogger(__name__)
_SHOWN_NEIGHBOURS = 5
_MOST_OUTLIERS = 24
NEIGHBOUR_RULES = {
    "shown": _SHOWN_NEIGHBOURS,
    "outlier_neighbours": OUTLIER_NEIGHBOURS,
    "fence": FENCE,
}


def space_panels(
    tables: Sequence[EmbeddingTable], folder: Path, options: ReportOptions
) -> list[SpacePanel]:
    """Make the panel of each table, the maps turned onto the first one."""
    maps, matrices = zip(*(_map_and_matrix(each, folder, options) for each in tables), strict=True)
    return [
        SpacePanel(
            map_,
            nearest_neighbours(table.vectors, _SHOWN_NEIGHBOURS, groups=table.rows.column("group")),
            matrix,
            isolations(table),
            {**table.made, "dimensions": table.dim},
        )
        for map_, table, matrix in zip(align_maps(maps), tables, matrices, strict=True)
    ]


def _map_and_matrix(
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


def list_outliers(tables: Sequence[EmbeddingTable], panels: Sequence[SpacePanel]) -> list[Outlier]:
    """Return the images that stick out of their datasets, the farthest first."""
    found = [
        (each, table, panel.neighbours)
        for table, panel in zip(tables, panels, strict=True)
        for each in find_outliers(table)
    ]
    found.sort(key=lambda item: -item[0].excess)
    return [
        Outlier(
            each.index,
            table.space.name,
            each.distance,
            each.typical,
            _dataset_of_nearest(table.rows, near, each.index),
        )
        for each, table, near in found[:_MOST_OUTLIERS]
    ]


def _dataset_of_nearest(rows: Rows, near: Neighbours, index: int) -> str:
    first = int(near.indices[index, 0])
    return "" if first < 0 else rows.datasets[int(rows.codes[first])]
