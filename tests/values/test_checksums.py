"""Flipped bits, missing parts and edits are found; files of earlier releases are read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.values import (
    PROPERTIES,
    EmbeddingTable,
    PropertyTable,
    RelationshipMatrix,
    Rows,
    Space,
    SphereMap,
    TableStream,
    read,
    read_json,
    up_to_date_or_refuse,
    write,
    write_json,
    write_table_once,
)
from rainmer_analysis.values.parquet import PARTS, write_part_list
from rainmer_analysis.values.parquet.format.column_checksums import ColumnDigests
from rainmer_analysis.values.read_and_write import Value

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


def large(count: int = 40, dim: int = 6) -> EmbeddingTable:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"a/{number}.png" for number in range(count)]
    frame = pd.DataFrame({"image_id": names, "dataset": "a", "group": names, "target": None})
    frame["width"] = rng.integers(8, 99, count)
    return EmbeddingTable(vectors, Rows(frame), SPACE, {"seed": 1})


def values() -> dict[str, Value]:
    table = large()
    points = table.vectors[:, :3] / np.linalg.norm(table.vectors[:, :3], axis=1, keepdims=True)
    measures = np.random.default_rng(2).random((40, len(PROPERTIES)))
    measures[3, 2] = np.nan
    cells = np.array([[0.5, -0.25], [-0.25, 1.0]])
    return {
        "table.parquet": table,
        "map.parquet": SphereMap(points, table.rows, SPACE, {"engine": "sphere"}, {"trust": 0.5}),
        "properties.parquet": PropertyTable(measures, table.rows),
        "matrix.json": RelationshipMatrix(cells, ("a", "b"), "cosine", SPACE, (3, 4), (3, 4)),
        "matrix.csv": RelationshipMatrix(cells, ("a", "b"), "cosine", SPACE, (3, 4), (3, 4)),
    }


def content(value: Value) -> object:
    if isinstance(value, EmbeddingTable):
        return value.content_sha256, value.rows.frame.to_json(), json.dumps(dict(value.made))
    if isinstance(value, SphereMap):
        told = json.dumps([dict(value.parameters), dict(value.fidelity)], default=dict)
        return value.content_sha256, value.rows.frame.to_json(), told
    if isinstance(value, PropertyTable):
        return value.values.tobytes(), value.rows.frame.to_json()
    assert isinstance(value, RelationshipMatrix)
    return value.values.tobytes(), value.datasets, value.score, value.counts, value.space


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    found = bytearray(data)
    found[int(rng.integers(len(found)))] ^= 1 << int(rng.integers(8))
    return bytes(found)


@pytest.mark.parametrize("name", list(values()))
def test_a_flipped_bit_is_never_read_as_another_value(tmp_path: Path, name: str) -> None:
    path = write(values()[name], tmp_path / name)
    whole, before = path.read_bytes(), content(read(path))
    rng, refused = np.random.default_rng(7), 0
    for _ in range(60):
        path.write_bytes(flipped(whole, rng))
        try:
            found = read(path)
        except FileFormatError:
            refused += 1
        else:
            assert content(found) == before
    assert refused > 15


def test_a_stream_finds_what_a_reader_finds(tmp_path: Path) -> None:
    path = write(large(), tmp_path / "table.parquet")
    whole, before = path.read_bytes(), TableStream(path).content_sha256
    rng, refused = np.random.default_rng(3), 0
    for number in range(40):
        other = tmp_path / f"{number}.parquet"
        other.write_bytes(flipped(whole, rng))
        try:
            stream = TableStream(other)
            assert stream.content_sha256 == before
            assert stream.dim == 6
        except FileFormatError:
            refused += 1
    assert refused > 10


def test_damage_is_not_up_to_date(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # commands that other tests have called may have made the package's log silent
    monkeypatch.setattr(logging.getLogger("rainmer_analysis"), "propagate", True)
    caplog.set_level(logging.WARNING, logger="rainmer_analysis")
    path = write(large(), tmp_path / "t.parquet", request="r")
    assert up_to_date_or_refuse(path, "r")
    data = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(5).data_page_offset
    data[start + 60] ^= 4
    path.write_bytes(data)
    with pytest.raises(OutputExistsError):
        up_to_date_or_refuse(path, "r")
    assert "damaged" in caplog.text
    assert not up_to_date_or_refuse(path, "r", overwrite=True)
    matrix = write_json(tmp_path / "m.json", {"request": "r", "value": 5})
    assert up_to_date_or_refuse(matrix, "r")
    matrix.write_text(matrix.read_text().replace("5", "6", 1))
    with pytest.raises(OutputExistsError):
        up_to_date_or_refuse(matrix, "r")


def test_pages_have_checksums_that_other_programs_check(tmp_path: Path) -> None:
    path = write(large(), tmp_path / "t.parquet")
    data = bytearray(path.read_bytes())
    group = pq.read_metadata(path).row_group(0)
    last = group.column(group.num_columns - 1)
    data[last.data_page_offset + last.total_compressed_size // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(path, page_checksum_verification=True)


def test_files_of_earlier_releases_are_read_with_a_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = large()
    path = write(table, tmp_path / "t.parquet")
    pq.write_table(pq.read_table(path), tmp_path / "old.parquet")
    with caplog.at_level(logging.INFO, "rainmer_analysis"):
        found = read(tmp_path / "old.parquet")
    assert content(found) == content(read(path))
    assert "holds no checksums" in caplog.text
    for suffix, old in ((".json", '{"checksum"'), (".csv", "sha256:")):
        matrix = write(values()["matrix.json"], tmp_path / f"m{suffix}")
        text = matrix.read_text()
        if suffix == ".csv":
            matrix.write_text(text[text.index(",") :])
        else:
            document = json.loads(text)
            del document["checksum"]
            matrix.write_text(json.dumps(document))
        assert isinstance(read(matrix), RelationshipMatrix), old


def test_edits_are_told(tmp_path: Path) -> None:
    path = write(values()["matrix.csv"], tmp_path / "m.csv")
    assert path.read_text().startswith("sha256:")
    path.write_text(path.read_text().replace("0.5", "0.75"))
    with pytest.raises(FileFormatError, match="empty its first cell to use it as it is"):
        read(path)
    document = write_json(tmp_path / "d.json", {"a": (1, 2), "b": {3: None}})
    assert read_json(document) == {"a": [1, 2], "b": {"3": None}}
    document.write_text(document.read_text().replace("2", "4", 1))
    with pytest.raises(FileFormatError, match="remove its entry 'checksum' to use it as it is"):
        read_json(document)


def _parts(folder: Path) -> Path:
    table = large()
    for number in range(3):
        rows = range(number * 10, number * 10 + 10)
        write(table.take(rows), folder / f"part-{number:05d}-of-00003.parquet")
    return folder


def test_a_missing_part_is_an_error(tmp_path: Path) -> None:
    numbered = _parts(tmp_path / "numbered")
    assert len(TableStream(numbered)) == 30
    (numbered / "part-00001-of-00003.parquet").unlink()
    for reader in (read, TableStream):
        with pytest.raises(FileFormatError, match=r"1 of its 3 parts are missing.*part-00001-of-0"):
            reader(numbered)
    listed = _parts(tmp_path / "listed")
    (listed / "part-00002-of-00003.parquet").unlink()  # a process whose images cannot be used
    write_part_list(listed, listed / PARTS)
    assert len(read(listed)) == 20
    other = large(3)
    write(other, listed / "part-00000-of-00003.parquet", overwrite=True)
    with pytest.raises(FileFormatError, match="of another run"):
        read(listed)
    (listed / "part-00000-of-00003.parquet").unlink()
    with pytest.raises(FileFormatError, match=r"1 of its 2 parts are missing"):
        TableStream(listed)
    write(other, listed / "more.parquet")
    (listed / "part-00001-of-00003.parquet").rename(listed / "part-00000-of-00003.parquet")
    for text in ("[" * 9, "0", "{}", '{"parts": 1}'):
        (listed / PARTS).write_text(text)
        with pytest.raises(FileFormatError, match=PARTS):
            read(listed)


def test_streamed_and_whole_tables_have_the_same_checksums(tmp_path: Path) -> None:
    table = large(30)
    whole = write(table, tmp_path / "whole.parquet")
    batches: Iterator[EmbeddingTable] = (table.take(range(k, k + 3)) for k in range(0, 30, 3))
    streamed = write_table_once(batches, tmp_path / "s.parquet", overwrite=False, request="r")
    key = b"rainmer_analysis.checksums"
    sums = [json.loads(pq.read_metadata(each).metadata[key]) for each in (whole, streamed)]
    assert sums[0]["columns"] == sums[1]["columns"]


COLUMNS: dict[str, tuple[st.SearchStrategy[object], pa.DataType]] = {
    "text": (st.none() | st.text(max_size=5), pa.string()),
    "large": (st.none() | st.text(max_size=5), pa.large_string()),
    "number": (st.none() | st.integers(-(2**40), 2**40), pa.int64()),
    "float": (st.none() | st.floats(width=32), pa.float32()),
    "truth": (st.none() | st.booleans(), pa.bool_()),
    "vector": (st.lists(st.floats(width=32), min_size=3, max_size=3), pa.list_(pa.float32(), 3)),
    "lists": (st.none() | st.lists(st.integers(0, 3)), pa.list_(pa.int64())),
}


@pytest.mark.parametrize("name", list(COLUMNS))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_digests_do_not_depend_on_how_rows_are_cut(name: str, data: st.DataObject) -> None:
    cells, kind = COLUMNS[name]
    column = pa.array(data.draw(st.lists(cells, max_size=8)), kind)
    table = pa.table({"a": column})
    cut = data.draw(st.integers(0, len(column)))
    pieces = ColumnDigests()
    for piece in (table.slice(0, cut), table.slice(cut)):
        pieces.add(piece)
    assert pieces.hexdigests()["a"] == _sum(table)
    assert pieces.rows == len(column)


@pytest.mark.parametrize("name", ["text", "number", "float", "truth", "vector", "lists"])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_other_cells_have_other_digests(name: str, data: st.DataObject) -> None:
    cells, kind = COLUMNS[name]
    lists = st.lists(cells, min_size=1, max_size=5)
    one, two = (pa.array(data.draw(lists), kind) for _ in range(2))
    if _bits(one) != _bits(two):
        assert _sum(pa.table({"a": one})) != _sum(pa.table({"a": two}))


def _bits(array: pa.Array) -> object:
    return [
        [*map(_bit, each)] if isinstance(each, list) else _bit(each) for each in array.to_pylist()
    ]


def _bit(cell: object) -> object:
    return np.float32(cell).tobytes() if isinstance(cell, float) else cell


def _sum(table: pa.Table) -> str:
    sums = ColumnDigests()
    sums.add(table)
    return sums.hexdigests().get("a", ColumnDigests().hexdigests().get("a", "")) or _empty()


def _empty() -> str:
    sums = ColumnDigests()
    sums.add(pa.table({"a": pa.chunked_array([], pa.string())}))
    return sums.hexdigests()["a"]
