from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rainmer_analysis.errors import FileFormatError, OutputExistsError, ParameterError, SpaceError
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    SphereMap,
    TableStream,
    read,
    read_as,
    read_request_digest_of,
    write,
    write_atomically,
)


def test_a_table_comes_back_as_it_was(table: EmbeddingTable, tmp_path: Path) -> None:
    found = read(write(table, tmp_path / "new" / "t.parquet", request="r1"))
    assert isinstance(found, EmbeddingTable)
    np.testing.assert_array_equal(found.vectors, table.vectors)
    assert found.rows.column("image_id").tolist() == table.rows.column("image_id").tolist()
    assert found.space == table.space
    assert found.made["seed"] == 42
    assert found.made["encoder"]["dim"] == 48
    assert found.content_sha256 == table.content_sha256
    assert read_request_digest_of(tmp_path / "new" / "t.parquet") == "r1"


def test_a_table_has_the_promised_columns(table: EmbeddingTable, tmp_path: Path) -> None:
    schema = pq.read_schema(write(table, tmp_path / "t.parquet"))
    assert schema.field("embedding").type == pa.list_(pa.float32(), 5)
    for name in ("image_id", "dataset", "group", "split", "target", "path", "sha256"):
        assert schema.field(name).type == pa.string()
    stated = json.loads(schema.metadata[b"rainmer_analysis"])
    assert stated["kind"] == "embeddings"
    assert stated["version"] == 1
    assert stated["space"]["view"] == "chromatic"
    assert stated["parameters"] == {"per_dataset": 500}


def test_a_map_comes_back_as_it_was(sphere_map: SphereMap, tmp_path: Path) -> None:
    path = write(sphere_map, tmp_path / "m.parquet")
    found = read(path)
    assert isinstance(found, SphereMap)
    np.testing.assert_allclose(found.points, sphere_map.points, atol=1e-7)
    assert found.fidelity["continuity"] == 0.5
    assert found.parameters["engine"] == "x"
    frame = pd.read_parquet(path)
    assert {"x", "y", "z", "lon", "lat"} <= set(frame.columns)
    np.testing.assert_allclose(frame["lat"], sphere_map.lat)


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_a_matrix_comes_back(matrix: RelationshipMatrix, tmp_path: Path, suffix: str) -> None:
    path = write(matrix, tmp_path / f"m{suffix}")
    found = read(path)
    assert isinstance(found, RelationshipMatrix)
    np.testing.assert_array_equal(found.values, matrix.values)
    assert found.datasets == matrix.datasets
    assert "NaN" not in path.read_text()


def test_matrix_json_has_the_promised_keys(matrix: RelationshipMatrix, tmp_path: Path) -> None:
    document = json.loads(write(matrix, tmp_path / "m.json").read_text())
    assert document["kind"] == "matrix"
    assert document["values"] == [[0.9, -0.25], [-0.25, None]]
    assert [document[key] for key in ("low", "high", "p", "q")] == [None] * 4
    assert document["counts"] == [2, 1]


def test_parts_of_a_table_are_read_together(table: EmbeddingTable, tmp_path: Path) -> None:
    write(table.take([0, 1]), tmp_path / "t" / "part-0.parquet")
    write(table.take([2]), tmp_path / "t" / "part-1.parquet")
    found = read(tmp_path / "t")
    assert isinstance(found, EmbeddingTable)
    np.testing.assert_array_equal(found.vectors, table.vectors)


def test_parts_of_two_spaces_are_refused(table: EmbeddingTable, tmp_path: Path) -> None:
    write(table.take([0]), tmp_path / "t" / "0.parquet")
    foreign = replace(table, space=replace(table.space, weights_sha256="cd" * 32))
    write(foreign.take([1]), tmp_path / "t" / "1.parquet")
    with pytest.raises(SpaceError, match="weights_sha256"):
        read(tmp_path / "t")


def test_nothing_is_overwritten_silently(table: EmbeddingTable, tmp_path: Path) -> None:
    path = write(table, tmp_path / "t.parquet", request="one")
    before = path.read_bytes()
    write(table, path, request="one")
    with pytest.raises(OutputExistsError, match=r"t.parquet already exists.*--overwrite"):
        write(table, path, request="two")
    assert path.read_bytes() == before
    write(table, path, request="two", overwrite=True)
    assert read_request_digest_of(path) == "two"


def test_a_failed_write_leaves_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, fail)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_suffix_must_fit(table: EmbeddingTable, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"cannot be written as 't.json'.*\.parquet"):
        write(table, tmp_path / "t.json")


def test_hostile_files_get_one_sentence(table: EmbeddingTable, tmp_path: Path) -> None:
    whole = write(table, tmp_path / "t.parquet").read_bytes()
    files = {
        "cut.parquet": whole[: len(whole) // 2],
        "empty.parquet": b"",
        "text.parquet": b"hello",
        "text.json": b"hello",
        "other.json": b'{"kind": "audit"}',
        "lacks.json": b'{"kind": "matrix", "version": 1}',
        "newer.json": b'{"kind": "matrix", "version": 99}',
        "list.json": b"[]",
        "names.csv": b",A,B\nB,1,2\nA,1,2\n",
        "words.csv": b",A\nA,high\n",
        "empty.csv": b"",
        "table.npz": b"PK",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=name):
            read(path)
    with pytest.raises(FileFormatError, match="there is no file"):
        read(tmp_path / "none.parquet")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileFormatError, match=r"holds no \.parquet part"):
        read(tmp_path / "folder")


def test_only_what_is_asked_for_is_read(table: EmbeddingTable, tmp_path: Path) -> None:
    place = write(table, tmp_path / "t.parquet")
    assert read_as(place, EmbeddingTable).content_sha256 == table.content_sha256
    with pytest.raises(FileFormatError, match=r"t\.parquet holds a table of embeddings, not a map"):
        read_as(place, SphereMap)
    with pytest.raises(FileFormatError, match=r"t\.parquet is no matrix; give a matrix \(\.json"):
        read_as(place, RelationshipMatrix)
    with pytest.raises(FileFormatError, match=r"no file .*absent\.json; give a matrix"):
        read_as(tmp_path / "absent.json", RelationshipMatrix)


def test_an_error_names_the_place_that_was_given(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(FileNotFoundError) as told:
        write_atomically(tmp_path / "a.json", lambda temporary: temporary.rename(absent / "b"))
    assert told.value.filename == str(tmp_path / "a.json")


def test_a_foreign_or_newer_parquet_is_refused(table: EmbeddingTable, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    with pytest.raises(FileFormatError, match="no table or map of this package"):
        read(tmp_path / "foreign.parquet")
    arrow = pq.read_table(write(table, tmp_path / "t.parquet"))
    stated = json.loads(arrow.schema.metadata[b"rainmer_analysis"]) | {"version": 2}
    newer = arrow.replace_schema_metadata({b"rainmer_analysis": json.dumps(stated).encode()})
    pq.write_table(newer, tmp_path / "newer.parquet")
    with pytest.raises(FileFormatError, match=r"format version 2.*update rainmer-analysis"):
        read(tmp_path / "newer.parquet")


def test_a_table_whose_vectors_were_changed_is_refused(
    table: EmbeddingTable, tmp_path: Path
) -> None:
    arrow = pq.read_table(write(table, tmp_path / "t.parquet"))
    flat = pa.array(np.zeros(15, dtype=np.float32))
    broken = arrow.set_column(
        arrow.schema.get_field_index("embedding"),
        "embedding",
        pa.FixedSizeListArray.from_arrays(flat, 5),
    )
    pq.write_table(broken, tmp_path / "zero.parquet")
    with pytest.raises(FileFormatError, match="contradicts itself"):
        read(tmp_path / "zero.parquet")


def test_an_empty_table_comes_back(table: EmbeddingTable, tmp_path: Path) -> None:
    found = read(write(table.take([]), tmp_path / "t.parquet"))
    assert isinstance(found, EmbeddingTable)
    assert (len(found), found.dim) == (0, table.dim)


def test_missing_text_comes_back_as_none(table: EmbeddingTable, tmp_path: Path) -> None:
    found = read(write(table, tmp_path / "t.parquet"))
    assert isinstance(found, EmbeddingTable)
    assert found.rows.column("target").tolist() == [None, None, "t/1.png"]


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    written = write_atomically(tmp_path / "atomic", _fill)
    assert written.stat().st_mode == plain.stat().st_mode


def _fill(path: Path) -> None:
    path.write_text("x")


def test_a_long_name_of_wide_characters_can_be_written(tmp_path: Path) -> None:
    name = "\N{CLOUD WITH RAIN}" * 60 + ".txt"
    assert write_atomically(tmp_path / name, _fill).read_text() == "x"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("counts", [float("inf")]),
        ("counts", "ab"),
        ("datasets", [1, 2]),
        ("datasets", [["x"], ["y"]]),
        ("version", True),
        ("version", "1"),
        ("parameters", [1]),
        ("space", "rainmer"),
        ("values", 5),
    ],
)
def test_a_matrix_of_wrong_types_is_refused(
    matrix: RelationshipMatrix, tmp_path: Path, key: str, value: object
) -> None:
    path = write(matrix, tmp_path / "m.json")
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {key: value}))
    with pytest.raises(FileFormatError):
        read(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "," + "a" * 200_000])
def test_text_that_overwhelms_a_parser_is_refused(tmp_path: Path, text: str) -> None:
    for name in ("m.json", "m.csv"):
        (tmp_path / name).write_text(text)
        with pytest.raises(FileFormatError):
            read(tmp_path / name)


def _with_embeddings(table: EmbeddingTable, path: Path, column: pa.Array) -> Path:
    whole = pq.read_table(write(table, path))
    place = whole.schema.get_field_index("embedding")
    try:
        pq.write_table(whole.set_column(place, "embedding", column), path)
    except pa.ArrowNotImplementedError as error:
        pytest.skip(f"pyarrow {pa.__version__} writes no such file: {error}")
    return path


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pa.array([1, 2, 3]), "its column 'embedding' is int64; a list of floating numbers"),
        (pa.array(["1", "2", "3"]), "its column 'embedding' is string; a list of floating"),
        (pa.array([[1], [1], [1]]), r"its column 'embedding' is list<\w+: int64>; a list of"),
        (pa.array([[1.0], [1.0, 0.0], [1.0]]), "several lengths: 1 in row 1, 2 in row 2"),
        (pa.array([[1.0], None, [1.0]]), "is empty in 1 rows, the first of them row 2"),
        (pa.array([[1.0], None, [1.0]], pa.list_(pa.float32(), 1)), "is empty in 1 rows, the"),
        (pa.array([[1.0], [None], [1.0]]), "a vector of its column 'embedding' lacks a number"),
    ],
)
def test_embeddings_of_another_type_are_called_by_their_name(
    table: EmbeddingTable, tmp_path: Path, column: pa.Array, reason: str
) -> None:
    path = _with_embeddings(table, tmp_path / "t.parquet", column)
    with pytest.raises(FileFormatError, match=reason) as told:
        read(path)
    assert "damaged" not in str(told.value)
    with pytest.raises(FileFormatError, match=reason):
        list(TableStream(path).batches())


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float32()),
        pa.list_(pa.float64()),
        pa.large_list(pa.float32()),
        pa.list_(pa.float64(), 5),
    ],
)
def test_lists_of_one_length_are_embeddings(
    table: EmbeddingTable, tmp_path: Path, kind: pa.DataType
) -> None:
    column = pa.array(table.vectors.astype(np.float64).tolist(), kind)
    path = _with_embeddings(table, tmp_path / "t.parquet", column)
    found = read(path)
    assert isinstance(found, EmbeddingTable)
    np.testing.assert_array_equal(found.vectors, table.vectors)
    stream = TableStream(path)
    assert stream.dim == table.dim
    assert stream.content_sha256 == table.content_sha256


def test_a_renamed_column_is_told(
    table: EmbeddingTable, sphere_map: SphereMap, tmp_path: Path
) -> None:
    for value, name in ((table, "embedding"), (sphere_map, "x")):
        path = tmp_path / f"{name}.parquet"
        whole = pq.read_table(write(value, path))
        renamed = [f"my {each}" if each == name else each for each in whole.column_names]
        named = whole.rename_columns(renamed).replace_schema_metadata(whole.schema.metadata)
        pq.write_table(named, path)
        with pytest.raises(FileFormatError, match=f"has no column '{name}'; its columns are .*my"):
            read(path)
