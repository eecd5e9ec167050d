from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.values import (
    PROPERTIES,
    EmbeddingTable,
    PropertyTable,
    Rows,
    TableStream,
    read,
    read_as,
    write,
)


@pytest.fixture
def table() -> PropertyTable:
    ids = ["a/1", "a/2", "b/1"]
    frame = pd.DataFrame({"image_id": ids, "dataset": ["a", "a", "b"], "group": ids})
    values = np.arange(3.0 * len(PROPERTIES)).reshape(3, -1)
    values[1, 2], values[2, 7] = np.nan, np.inf
    return PropertyTable(values, Rows(frame), {"seed": 7})


def test_a_table_cannot_be_changed_and_survives_pickling(table: PropertyTable) -> None:
    copy = pickle.loads(pickle.dumps(table))
    assert np.array_equal(copy.values, table.values, equal_nan=True)
    for each in (table, copy):
        with pytest.raises(ValueError, match="read-only"):
            each.values[0, 0] = 1.0


def test_columns_and_parts(table: PropertyTable) -> None:
    assert table.column("psnr")[0] == 7.0
    assert {name: len(part) for name, part in table.by_dataset().items()} == {"a": 2, "b": 1}
    with pytest.raises(ParameterError, match="no property 'rain'; allowed are density"):
        table.column("rain")
    with pytest.raises(ParameterError, match="one row an image and 8 columns"):
        PropertyTable(table.values[:, :3], table.rows)


def test_null_and_infinity_come_back(table: PropertyTable, tmp_path: Path) -> None:
    path = write(table, tmp_path / "p.parquet", request="r")
    back = read(path)
    assert isinstance(back, PropertyTable)
    assert np.array_equal(back.values, table.values, equal_nan=True)
    assert pq.read_table(path).column(PROPERTIES[2]).null_count == 1
    assert back.made["seed"] == 7
    stamp = path.stat().st_mtime_ns
    write(table, path, request="r")
    assert path.stat().st_mtime_ns == stamp


def test_it_is_not_taken_for_embeddings(table: PropertyTable, tmp_path: Path) -> None:
    path = write(table, tmp_path / "p.parquet")
    with pytest.raises(FileFormatError, match="holds a table of properties, not a table of emb"):
        read_as(path, EmbeddingTable)
    with pytest.raises(FileFormatError, match="holds a table of properties, not a table of emb"):
        TableStream(path)


def test_damage_is_one_sentence(table: PropertyTable, tmp_path: Path) -> None:
    path = write(table, tmp_path / "p.parquet")
    whole = pq.read_table(path)
    pq.write_table(whole.drop_columns(["psnr"]), path)
    with pytest.raises(FileFormatError, match="no column 'psnr'"):
        read(path)
    text = pa.array(["x"] * 3)
    pq.write_table(whole.set_column(whole.column_names.index("psnr"), "psnr", text), path)
    with pytest.raises(FileFormatError, match="'psnr' is string; numbers are wanted"):
        read(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(FileFormatError, match="cannot be read as Parquet"):
        read(path)
