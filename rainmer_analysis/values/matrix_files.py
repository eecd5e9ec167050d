"""Matrices as JSON and CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.values.disk.checksummed_json import (
    demand_known_version,
    read_json,
    with_checksum,
)
from rainmer_analysis.values.immutable import RelationshipMatrix, Space
from rainmer_analysis.values.request_digest import digest, to_json_types

__all__ = [
    "MATRIX_VERSION",
    "matrix_document",
    "matrix_from_csv",
    "matrix_from_document",
    "matrix_from_json",
    "matrix_to_csv",
    "matrix_to_json",
]

MATRIX_VERSION = 1
_SUM = "sha256:"


def matrix_document(matrix: RelationshipMatrix, request: str | None = None) -> dict[str, Any]:
    """Return the matrix as a JSON document; missing cells are None, never NaN."""
    document = {
        "kind": "matrix",
        "version": MATRIX_VERSION,
        "space": None if matrix.space is None else asdict(matrix.space),
        "score": matrix.score,
        "symmetric": matrix.symmetric,
        "datasets": matrix.datasets,
        "counts": matrix.counts,
        "groups": matrix.groups,
        "values": matrix.values,
        "low": matrix.low,
        "high": matrix.high,
        "p": matrix.p,
        "q": matrix.q,
        "ceilings": matrix.ceilings,
        "parameters": dict(matrix.parameters),
    }
    if request is not None:
        document["request"] = request
    return dict(to_json_types(document))


def matrix_to_json(matrix: RelationshipMatrix, path: Path, request: str | None) -> None:
    """Write the matrix as JSON."""
    text = json.dumps(with_checksum(matrix_document(matrix, request)), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def matrix_to_csv(matrix: RelationshipMatrix, path: Path) -> None:
    """Write the scores as CSV: names as header and first column, missing cells empty.

    The first cell, which belongs to neither, holds a digest of the others.
    """
    lines = [
        [name, *("" if np.isnan(cell) else repr(float(cell)) for cell in row)]
        for name, row in zip(matrix.datasets, matrix.values, strict=True)
    ]
    lines.insert(0, ["", *matrix.datasets])
    lines[0][0] = _csv_checksum(lines)
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows(lines)


def _csv_checksum(lines: list[list[str]]) -> str:
    """Return what the first cell holds: a digest of all others."""
    return _SUM + digest([lines[0][1:], lines[1:]])[:16]


def _float_array(rows: list[list[float | None]]) -> np.ndarray[Any, Any]:
    return np.array([[np.nan if cell is None else float(cell) for cell in row] for row in rows])


def _optional_matrix(document: dict[str, Any], name: str) -> np.ndarray[Any, Any] | None:
    return None if document.get(name) is None else _float_array(document[name])


def matrix_from_json(path: Path) -> RelationshipMatrix:
    """Read a matrix from JSON.

    Raises FileFormatError: the file is no matrix, damaged, or written by a newer version.
    """
    return matrix_from_document(read_json(path), path)


def matrix_from_document(document: Any, source: Any) -> RelationshipMatrix:
    """Return the matrix that a document of `matrix_document` holds.

    Raises FileFormatError: it is no matrix, contradicts itself, or was written by a newer version.

    Parameters
    ----------
    document
        Read from JSON.
    source
        Where it comes from, for messages.
    """
    if not isinstance(document, dict) or document.get("kind") != "matrix":
        raise FileFormatError(
            f"{source} is JSON but no matrix; give a matrix that 'rainmer-analysis relate' wrote"
        )
    demand_known_version(document, MATRIX_VERSION, source)
    try:
        stated_space = document.get("space")
        space = None
        if stated_space is not None:
            space = Space(**{field.name: str(stated_space[field.name]) for field in fields(Space)})
        return RelationshipMatrix(
            _float_array(document["values"]),
            tuple(document["datasets"]),
            str(document["score"]),
            space,
            tuple(document["counts"]),
            tuple(document["groups"]),
            symmetric=bool(document.get("symmetric", True)),
            parameters=document.get("parameters") or {},
            low=_optional_matrix(document, "low"),
            high=_optional_matrix(document, "high"),
            p=_optional_matrix(document, "p"),
            q=_optional_matrix(document, "q"),
            ceilings=_optional_matrix(document, "ceilings"),
        )
    except ParameterError as error:
        raise FileFormatError(f"{source} contradicts itself: {error}") from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(f"{source} lacks part of a matrix; make it anew") from error


def matrix_from_csv(path: Path) -> RelationshipMatrix:
    """Read a matrix from CSV (names as header and first column).

    Counts and scenes are unknown there and read as 0; the score is called ``csv``.

    Raises FileFormatError: header and first column differ, or a cell is no number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            lines = list(csv.reader(handle))
        if lines[0][0].startswith(_SUM) and lines[0][0] != _csv_checksum(lines):
            raise FileFormatError(
                f"{path} is damaged or was edited: its cells are not those of its checksum; make "
                "it anew, or empty its first cell to use it as it is"
            )
        names = tuple(lines[0][1:])
        body = lines[1:]
        if tuple(line[0] for line in body) != names:
            raise FileFormatError(
                f"{path} names other datasets in its header than in its first column; "
                "both must list the same names in the same order"
            )
        values = np.array([[float(cell) if cell else np.nan for cell in line[1:]] for line in body])
        symmetric = bool(np.allclose(values, values.T, rtol=0, atol=1e-9, equal_nan=True))
        zeros = (0,) * len(names)
        return RelationshipMatrix(values, names, "csv", None, zeros, zeros, symmetric=symmetric)
    except ParameterError as error:
        raise FileFormatError(f"{path} contradicts itself: {error}") from error
    except (OSError, csv.Error, IndexError, ValueError) as error:
        raise FileFormatError(
            f"{path} is no matrix in CSV; its header and first column hold the dataset names, "
            "the other cells numbers"
        ) from error
