"""The matrices that a picture shows: against themselves, files, and the tables they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rainmer_analysis.draw import matrix_provenance
from rainmer_analysis.errors import FileFormatError, RainmerAnalysisError
from rainmer_analysis.recipes.verify.evidence import (
    Check,
    GivenFile,
    GivenFiles,
    describe_differences,
)
from rainmer_analysis.scores import Reference, relate
from rainmer_analysis.values import RelationshipMatrix, matrix_from_document

__all__ = ["check_recomputed_matrix", "find_and_check_matrix_file", "read_and_check_stated_matrix"]

# Sums of float32 products differ by about this between processors.
_TOLERANCE = 1e-6
_OPTIONS = ("resamples", "null", "sample", "level", "seed")
_PARTS = ("values", "low", "high", "p", "q", "ceilings")


def read_and_check_stated_matrix(
    stated: Mapping[str, Any], document: Any, what: str
) -> tuple[Check, RelationshipMatrix | None]:
    """Read the matrix that a record holds, and compare it with the digest that it states."""
    try:
        matrix = matrix_from_document(document, "the record")
    except FileFormatError as error:
        return Check(what, "differs", str(error)), None
    other = describe_differences(stated, matrix_provenance(matrix))
    if other:
        return Check(what, "differs", f"the record contradicts itself: {other}"), None
    cells = int(np.isfinite(matrix.values).sum())
    return Check(what, "agrees", f"{cells} cells are those of the content that it names"), matrix


def find_and_check_matrix_file(
    matrix: RelationshipMatrix, inputs: GivenFiles, what: str
) -> Check | None:
    """Look for the file of a matrix; None where there is no file of the same request."""
    name = "" if matrix.space is None else matrix.space.name
    candidates = [
        each
        for each in inputs.of_request("matrix", name, matrix.parameters)
        if each.document.get("score") == matrix.score
    ]
    for each in candidates:
        if each.content_sha256 == matrix.content_sha256:
            return Check(what, "agrees", f"as in {each.path}")
    if not candidates:
        return None
    nearest = candidates[0]
    if nearest.fault:
        return Check(what, "differs", nearest.fault)
    found = describe_differences(matrix_provenance(matrix), matrix_provenance(nearest.value))
    cells = _count_different_cells(matrix, nearest.value)
    count = f", {cells} other cells" if cells else ""
    return Check(what, "differs", f"{nearest.path} is not what the picture shows: {found}{count}")


def check_recomputed_matrix(matrix: RelationshipMatrix, table: GivenFile, what: str) -> Check:
    """Relate a table anew as a matrix states, and compare all numbers."""
    try:
        again = relate(table.value, score=matrix.score, **_relate_options(matrix))
    except RainmerAnalysisError as error:
        return Check(what, "not checked", f"it cannot be recomputed from {table.path}: {error}")
    if again.datasets != matrix.datasets:
        return Check(what, "differs", f"{table.path} has the datasets {', '.join(again.datasets)}")
    worst = max(_largest_difference(getattr(matrix, name), getattr(again, name)) for name in _PARTS)
    if worst > _TOLERANCE:
        cells = _count_different_cells(matrix, again)
        return Check(
            what,
            "differs",
            f"recomputed from {table.path}, {cells} scores differ; numbers by up to {worst:.2g}",
        )
    other = describe_differences(
        _provenance_without_content(matrix), _provenance_without_content(again)
    )
    if other:
        return Check(what, "differs", f"recomputed from {table.path}, it has {other}")
    return Check(what, "agrees", f"{again.values.size} cells recomputed from {table.path}")


def _relate_options(matrix: RelationshipMatrix) -> dict[str, Any]:
    stated = matrix.parameters
    options = {name: stated[name] for name in _OPTIONS if name in stated}
    if "reference" in stated:
        name, mean = str(stated["reference"]["name"]), np.array(stated["reference"]["mean"])
        options["reference"] = Reference(name, mean, matrix.space)
    return options


def _provenance_without_content(matrix: RelationshipMatrix) -> dict[str, Any]:
    """Return what a matrix states of itself, without its content, whose last bits may differ."""
    return {**matrix_provenance(matrix), "content_sha256": None}


def _largest_difference(one: Any, other: Any) -> float:
    """Return the largest difference of two arrays; infinite where one lacks what the other has."""
    if one is None or other is None:
        return 0.0 if one is other else np.inf
    if one.shape != other.shape or not np.array_equal(np.isnan(one), np.isnan(other)):
        return np.inf
    return float(np.nanmax(np.abs(one - other), initial=0.0))


def _count_different_cells(one: RelationshipMatrix, other: RelationshipMatrix) -> int:
    if one.values.shape != other.values.shape:
        return one.values.size
    close = np.isclose(one.values, other.values, rtol=0, atol=_TOLERANCE, equal_nan=True)
    return int((~close).sum())
