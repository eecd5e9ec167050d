"""What a report shows of each space: map, neighbours, scores between datasets, outliers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rainmer_analysis.numerics import Neighbours, align_maps, nearest_neighbours
from rainmer_analysis.pages import Outlier, SpaceResults
from rainmer_analysis.recipes.report.map_and_matrix_of_table import map_and_matrix
from rainmer_analysis.recipes.report.report_inputs import ReportOptions
from rainmer_analysis.scores import FENCE, OUTLIER_NEIGHBOURS, find_outliers, isolation_by_dataset
from rainmer_analysis.values import EmbeddingTable, Rows

__all__ = ["NEIGHBOUR_RULES", "list_outliers", "results_of_each_space"]

_SHOWN_NEIGHBOURS = 5
_MOST_OUTLIERS = 24
NEIGHBOUR_RULES = {
    "shown": _SHOWN_NEIGHBOURS,
    "outlier_neighbours": OUTLIER_NEIGHBOURS,
    "fence": FENCE,
}


def results_of_each_space(
    tables: Sequence[EmbeddingTable], folder: Path, options: ReportOptions
) -> list[SpaceResults]:
    """Make the panel of each table, the maps turned onto the first one."""
    maps, matrices = zip(*(map_and_matrix(each, folder, options) for each in tables), strict=True)
    return [
        SpaceResults(
            map_,
            nearest_neighbours(table.vectors, _SHOWN_NEIGHBOURS, groups=table.rows.column("group")),
            matrix,
            isolation_by_dataset(table),
            {**table.made, "dimensions": table.dim},
        )
        for map_, table, matrix in zip(align_maps(maps), tables, matrices, strict=True)
    ]


def list_outliers(
    tables: Sequence[EmbeddingTable], panels: Sequence[SpaceResults]
) -> list[Outlier]:
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
