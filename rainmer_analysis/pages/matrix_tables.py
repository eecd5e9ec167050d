"""Matrices as tables of cells, and the pairs that a summary speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from rainmer_analysis.pages.format_names_and_numbers import (
    format_interval,
    format_number,
    score_in_words,
    space_title,
    view_in_words,
)
from rainmer_analysis.pages.report_content import SpaceResults
from rainmer_analysis.values import RelationshipMatrix

__all__ = [
    "APART",
    "NOT_APART",
    "Cell",
    "Pair",
    "matrix_cells",
    "matrix_template_values",
    "pairs_most_alike_first",
]

NOT_APART = "not told apart"
APART = "told apart"


@dataclass(frozen=True)
class Cell:
    """A cell of a matrix: its text, interval and verdict, and how strongly it is coloured."""

    text: str
    bounds: str
    verdict: str
    strength: float
    negative: bool


@dataclass(frozen=True)
class Pair:
    """Two datasets with their score; closeness grows with likeness for distances too."""

    names: tuple[str, str]
    value: float
    closeness: float
    text: str
    verdict: str


def matrix_cells(matrix: RelationshipMatrix) -> list[list[Cell]]:
    """Return the cells of a matrix by row and column."""
    size = len(matrix.datasets)
    finite = np.abs(matrix.values[np.isfinite(matrix.values)])
    peak = max(1.0, float(finite.max(initial=0.0))) if not matrix.is_distance else 0.0
    scale = peak or float(finite.max(initial=0.0)) or 1.0
    return [
        [_matrix_cell(matrix, row, column, scale) for column in range(size)] for row in range(size)
    ]


def pairs_most_alike_first(matrix: RelationshipMatrix) -> list[Pair]:
    """Return the pairs of different datasets whose score is known, the most alike first."""
    found = []
    for row, column in combinations(range(len(matrix.datasets)), 2):
        value = float(matrix.values[row, column])
        if np.isfinite(value):
            cell = _matrix_cell(matrix, row, column, 1.0)
            names = (matrix.datasets[row], matrix.datasets[column])
            closeness = -value if matrix.is_distance else value
            text = f"{cell.text} {cell.bounds}".strip()
            found.append(Pair(names, value, closeness, text, cell.verdict))
    return sorted(found, key=lambda pair: -pair.closeness)


def _matrix_cell(matrix: RelationshipMatrix, row: int, column: int, scale: float) -> Cell:
    value = float(matrix.values[row, column])
    bounds = ""
    if matrix.low is not None and matrix.high is not None:
        bounds = format_interval(matrix.low[row, column], matrix.high[row, column], matrix.decimals)
    verdict = ""
    if matrix.q is not None and row != column and np.isfinite(matrix.q[row, column]):
        verdict = NOT_APART if matrix.undecided[row, column] else APART
    strength = round(min(abs(value) / scale, 1.0), 3) if np.isfinite(value) else 0.0
    return Cell(format_number(value, matrix.decimals), bounds, verdict, strength, value < 0)


def matrix_template_values(panel: SpaceResults) -> dict[str, Any]:
    """Return what a page shows of a panel that has a matrix."""
    matrix = panel.matrix
    assert matrix is not None
    ceilings = None
    # the diagonal of some scores is of different scenes already, and says the same
    if matrix.ceilings is not None and _ceilings_differ_from_diagonal(matrix):
        ceilings = [
            f"{format_number(v)} {format_interval(low, high)}" for v, low, high in matrix.ceilings
        ]
    return {
        "title": space_title(panel.name),
        "about": view_in_words(panel.map.space.view),
        "score": score_in_words(matrix.score),
        "names": matrix.datasets,
        "cells": matrix_cells(matrix),
        "ceilings": ceilings,
        "tested": matrix.q is not None,
        "left_out": list(matrix.parameters.get("left_out", {}).values()),
    }


def _ceilings_differ_from_diagonal(matrix: RelationshipMatrix) -> bool:
    assert matrix.ceilings is not None
    shown = [format_number(value) for value in matrix.ceilings[:, 0]]
    return shown != [format_number(value) for value in np.diag(matrix.values)]
