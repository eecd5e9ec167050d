"""Matrices as text: values, the intervals under them, and what the null cannot tell apart."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from rainmer_analysis.cli.terminal.text_tables import align_columns

if TYPE_CHECKING:
    from rainmer_analysis.values import RelationshipMatrix

__all__ = ["UNDECIDED", "matrix_text"]

UNDECIDED = "°"
"""Stands behind values of pairs that the null cannot tell apart."""
FEWEST_PERMUTATIONS = 19
"""With fewer no p can be 0.05."""


def matrix_text(matrix: RelationshipMatrix) -> str:
    """Lay a matrix out, with images and scenes of each dataset at the right."""
    bounds = matrix.low is not None and matrix.high is not None
    beside = [] if matrix.ceilings is None else ["ceiling"]
    header = ["", *matrix.datasets, *beside, "images", "scenes"]
    lines = [header]
    for row in range(len(matrix.datasets)):
        lines.append(_value_cells(matrix, row))
        if bounds:
            lines.append(_interval_cells(matrix, row))
    space = "" if matrix.space is None else f"{matrix.space.name}, "
    return "\n".join([f"{space}{matrix.score}", align_columns(lines), *_wrapped_notes(matrix)])


def _value_cells(matrix: RelationshipMatrix, row: int) -> list[str]:
    places = matrix.decimals
    undecided = [bool(each) for each in matrix.undecided[row]]
    # a column in which no pair is marked needs no room for marks
    marked = [bool(column.any()) for column in matrix.undecided.T]
    cells = [
        _format_value(value, places) + (UNDECIDED if undecided[at] else " " * marked[at])
        for at, value in enumerate(matrix.values[row])
    ]
    ceiling = [] if matrix.ceilings is None else [_format_value(matrix.ceilings[row, 0], 2)]
    ends = [str(matrix.counts[row]), str(matrix.groups[row])]
    return [matrix.datasets[row], *cells, *ceiling, *ends]


def _interval_cells(matrix: RelationshipMatrix, row: int) -> list[str]:
    assert matrix.low is not None
    assert matrix.high is not None
    places = matrix.decimals
    cells = [
        _format_interval(low, high, places)
        for low, high in zip(matrix.low[row], matrix.high[row], strict=True)
    ]
    ceiling = (
        []
        if matrix.ceilings is None
        else [_format_interval(float(matrix.ceilings[row, 1]), float(matrix.ceilings[row, 2]), 2)]
    )
    return ["", *cells, *ceiling, "", ""]


def _format_value(value: float, places: int) -> str:
    # a lone minus before zeros would state a sign that the decimals do not show
    return "-" if math.isnan(value) else f"{value:z.{places}f}"


def _format_interval(low: float, high: float, places: int) -> str:
    if math.isnan(low) or math.isnan(high):
        return "-"
    return f"{low:z.{places}f}..{high:z.{places}f}"


def _wrapped_notes(matrix: RelationshipMatrix) -> list[str]:
    notes = [*_interval_notes(matrix), *_permutation_test_notes(matrix)]
    if "reference" in matrix.parameters:
        name = matrix.parameters["reference"]["name"]
        own = name.removeprefix("mean of ") in matrix.datasets
        notes.append(f"measured from the {name}" + (", so that its own row is about 0" * own))
    return [line for note in notes for line in textwrap.wrap(note, 92)]


def _interval_notes(matrix: RelationshipMatrix) -> list[str]:
    options = matrix.parameters
    if matrix.low is None or "interval" not in options:
        return []
    notes = [f"{options['level']:.0%} intervals from {options['interval']}"]
    scored = zip(
        *(_cells_above_diagonal(each) for each in (matrix.values, matrix.low)), strict=True
    )
    without = sum(math.isnan(low) and not math.isnan(value) for value, low in scored)
    if without:
        notes.append(
            f"no interval for {without} pair{'s' * (without > 1)}: a dataset has too few scenes, "
            "or resamples without a score"
        )
    return notes


def _permutation_test_notes(matrix: RelationshipMatrix) -> list[str]:
    if matrix.q is None:
        return []
    permutations = matrix.parameters.get("null")
    seen = int(sum(_cells_above_diagonal(matrix.undecided)))
    tested = f"over all pairs, {permutations} permutations of scenes)"
    if not seen:
        return [f"the null tells all pairs apart (q up to 0.05 {tested}"]
    notes = [
        f"{UNDECIDED} not told apart from two halves of one set (q > 0.05 {tested}: {seen} "
        f"pair{'s' * (seen > 1)}"
    ]
    if permutations is not None and permutations < FEWEST_PERMUTATIONS:
        notes.append(
            f"no p of {permutations} permutations is below {1 / (permutations + 1):.2f}: give "
            f"{FEWEST_PERMUTATIONS} or more, and 1000 where there are many pairs"
        )
    return notes


def _cells_above_diagonal(cells: Any) -> list[Any]:
    return [cells[a, b] for a in range(len(cells)) for b in range(a + 1, len(cells))]
