"""Files that an earlier release has written, before there were checksums, are read equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    Space,
    SphereMap,
    TableStream,
    read,
    read_as,
)

STORED = Path(__file__).with_name("stored")
NAMES = [f"{'ab'[number % 2]}/{number}.png" for number in range(6)]
SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


def test_tables_and_maps_are_read_equal() -> None:
    table = read_as(STORED / "table.parquet", EmbeddingTable)
    assert (table.vectors == np.eye(4)[[0, 1, 2, 3, 0, 1]]).all()
    assert (table.space, table.made["seed"]) == (SPACE, 7)
    points = read_as(STORED / "map.parquet", SphereMap)
    assert (points.points == np.eye(3)[[0, 1, 2, 0, 1, 2]]).all()
    for value in (table, points):
        assert value.rows.column("image_id").tolist() == NAMES
        assert value.rows.column("dataset").tolist() == list("ababab")
    assert TableStream(STORED / "table.parquet").counts == {"a": 3, "b": 3}


@pytest.mark.parametrize("name", ["matrix.json", "matrix.csv"])
def test_matrices_are_read_equal(name: str) -> None:
    matrix = read(STORED / name)
    assert isinstance(matrix, RelationshipMatrix)
    assert matrix.values.tolist() == [[1.0, 0.25], [0.25, 0.5]]
    assert matrix.datasets == ("a", "b")
