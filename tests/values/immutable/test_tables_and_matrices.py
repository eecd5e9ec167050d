from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError, SpaceError
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    Rows,
    Space,
    SphereMap,
    common_space,
    digest,
    to_json_types,
)


def test_a_space_has_a_name_and_a_file_stem(space: Space) -> None:
    assert (space.name, space.stem) == ("rainmer/chromatic", "rainmer-chromatic")
    control = dataclasses.replace(space, encoder="untrained:7")
    assert control.stem == "untrained-7-chromatic"


def test_spaces_differ_in_words(space: Space) -> None:
    other = dataclasses.replace(space, precision="fast")
    assert common_space({"a": space, "b": space}) == space
    with pytest.raises(SpaceError, match="a and b lie in different spaces: their precision"):
        common_space({"a": space, "b": other})


def test_vectors_are_copied_and_read_only(rows: Rows, space: Space) -> None:
    vectors = np.eye(3, 4)
    table = EmbeddingTable(vectors, rows, space)
    vectors[0] = 0
    assert table.vectors[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        table.vectors[0, 0] = 2


def test_a_table_refuses_wrong_vectors(rows: Rows, space: Space) -> None:
    with pytest.raises(ParameterError, match=r"shape \(2, 2\) do not fit 3 rows"):
        EmbeddingTable(np.eye(2), rows, space)
    with pytest.raises(ParameterError, match=r"'A/1.png' holds NaN"):
        EmbeddingTable(np.diag([np.nan, 1, 1]), rows, space)
    with pytest.raises(ParameterError, match=r"'B/1.png' has length 2"):
        EmbeddingTable(np.diag([1.0, 1, 2]), rows, space)


def test_content_changes_with_vectors_labels_and_space(table: EmbeddingTable, space: Space) -> None:
    same = EmbeddingTable(table.vectors, table.rows, table.space)
    turned = EmbeddingTable(-table.vectors, table.rows, table.space)
    other = EmbeddingTable(table.vectors, table.rows, dataclasses.replace(space, view="x"))
    reversed_rows = table.take([2, 1, 0])
    contents = {item.content_sha256 for item in (turned, other, reversed_rows)}
    assert table.content_sha256 == same.content_sha256
    assert len(contents | {table.content_sha256}) == 4


def test_longitude_and_latitude(rows: Rows, space: Space) -> None:
    placed = SphereMap([[0, 1, 0], [0, 0, -1], [-1, 0, 0]], rows, space)
    np.testing.assert_allclose(placed.lon, [90, 0, 180])
    np.testing.assert_allclose(placed.lat, [0, -90, 0])


def test_a_map_has_three_coordinates(rows: Rows, space: Space) -> None:
    with pytest.raises(ParameterError, match="points came with 2 coordinates"):
        SphereMap([[1, 0], [0, 1], [1, 0]], rows, space)


def test_a_matrix_refuses_contradictions(space: Space) -> None:
    with pytest.raises(ParameterError, match="no name twice"):
        RelationshipMatrix(np.eye(2), ("A", "A"), "cosine", space, (1, 1), (1, 1))
    with pytest.raises(ParameterError, match="give a 2 x 2 matrix"):
        RelationshipMatrix(np.eye(3), ("A", "B"), "cosine", space, (1, 1), (1, 1))
    with pytest.raises(ParameterError, match="symmetric"):
        RelationshipMatrix([[1, 0], [1, 1]], ("A", "B"), "cosine", space, (1, 1), (1, 1))
    with pytest.raises(ParameterError, match="1 counts do not fit 2"):
        RelationshipMatrix(np.eye(2), ("A", "B"), "cosine", space, (1,), (1, 1))
    with pytest.raises(ParameterError, match="infinite"):
        RelationshipMatrix(np.diag([1, np.inf]), ("A", "B"), "cosine", space, (1, 1), (1, 1))


def test_a_matrix_gives_a_labelled_frame(matrix: RelationshipMatrix) -> None:
    assert matrix.to_frame().loc["A", "B"] == -0.25


def test_digest_ignores_key_order_and_tells_values_apart() -> None:
    assert digest({"a": 1, "b": (1.5, None)}) == digest({"b": [1.5, None], "a": np.int64(1)})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_plain_refuses_what_json_cannot_hold() -> None:
    assert to_json_types({"x": np.array([1.0, np.nan])}) == {"x": [1.0, None]}
    with pytest.raises(ParameterError, match="type set cannot be written"):
        to_json_types({"x": {1}})


def test_values_say_in_one_line_what_they_are(
    rows: Rows, table: EmbeddingTable, sphere_map: SphereMap, matrix: RelationshipMatrix
) -> None:
    assert repr(rows) == "Rows(3 images of 2 datasets)"
    assert repr(rows.take([0])) == "Rows(1 images of 1 dataset)"
    assert repr(table) == (
        "EmbeddingTable(3 images of 2 datasets, rainmer/chromatic, 5 dimensions, exact)"
    )
    assert repr(sphere_map) == "SphereMap(3 images of 2 datasets, rainmer/chromatic, x)"
    assert repr(matrix) == "RelationshipMatrix(cosine, 2 datasets, rainmer/chromatic)"
