"""Matrices as text: values, the intervals under them, and what the null cannot tell apart."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rainmer_analysis.values import RelationshipMatrix

__all__ = ["UNDECIDED", "matrix_text"]

UNDECIDED = "°"
"""Stands behind values of pairs that the null cannot tell apart."""


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
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    space = "" if matrix.space is None else f"{matrix.space.name}, "
    table = (
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
    return "\n".join([f"{space}{matrix.score}", *table, *_wrapped_notes(matrix)])


def _value_cells(matrix: RelationshipMatrix, row: int) -> list[str]:
    places = matrix.decimals
    undecided = [bool(each) for each in matrix.undecided[row]]
    # a column in which no pair is marked needs no room for marks
    marked = [bool(column.any()) for column in matrix.undecided.T]
    cells = [
        _cell(value, places) + (UNDECIDED if undecided[at] else " " * marked[at])
        for at, value in enumerate(matrix.values[row])
    ]
    ceiling = [] if matrix.ceilings is None else [_cell(matrix.ceilings[row, 0], 2)]
    ends = [str(matrix.counts[row]), str(matrix.groups[row])]
    return [matrix.datasets[row], *cells, *ceiling, *ends]


def _interval_cells(matrix: RelationshipMatrix, row: int) -> list[str]:
    assert matrix.low is not None
    assert matrix.high is not None
    places = matrix.decimals
    cells = [
        _interval(low, high, places)
        for low, high in zip(matrix.low[row], matrix.high[row], strict=True)
    ]
    ceiling = (
        []
        if matrix.ceilings is None
        else [_interval(float(matrix.ceilings[row, 1]), float(matrix.ceilings[row, 2]), 2)]
    )
    return ["", *cells, *ceiling, "", ""]


def _cell(value: float, places: int) -> str:
    # a lone minus before zeros would state a sign that the decimals do not show
    return "-" if math.isnan(value) else f"{value:z.{places}f}"


def _interval(low: float, high: float, places: int) -> str:
    if math.isnan(low) or math.isnan(high):
        return "-"
    return f"{low:z.{places}f}..{high:z.{places}f}"


def _wrapped_notes(matrix: RelationshipMatrix) -> list[str]:
    told, notes = matrix.parameters, []
    if matrix.low is not None and "interval" in told:
        notes.append(f"{told['level']:.0%} intervals from {told['interval']}")
    if matrix.q is not None:
        seen = int(matrix.undecided[_upper_triangle(len(matrix.datasets))].sum())
        notes.append(
            f"{UNDECIDED} not told apart from two halves of one set (q > 0.05 over all pairs, "
            f"{told.get('null')} permutations of scenes): {seen} pair{'s' * (seen > 1)}"
            if seen
            else f"the null tells all pairs apart (q up to 0.05 over all pairs, {told.get('null')} "
            "permutations of scenes)"
        )
    if "reference" in told:
        name = told["reference"]["name"]
        own = name.removeprefix("mean of ") in matrix.datasets
        notes.append(f"measured from the {name}" + (", so that its own row is about 0" * own))
    return [line for note in notes for line in textwrap.wrap(note, 92)]


def _upper_triangle(size: int) -> tuple[list[int], list[int]]:
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    return [a for a, _ in pairs], [b for _, b in pairs]
