"""Whatever bytes a file holds, readers give a value or one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values import (
    EmbeddingTable,
    PropertyTable,
    RelationshipMatrix,
    SphereMap,
    TableStream,
    read,
    write,
)

_FREE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_VALUES = (EmbeddingTable, SphereMap, RelationshipMatrix, PropertyTable)
_ENTRIES = (
    *("values", "datasets", "counts", "groups", "space", "low", "parameters", "score", "version"),
    *("kind", "symmetric", "checksum"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def _told(reader: Callable[[], Any], path: Path) -> Any:
    """Return what a reader gives, or None where it refuses the file by its name."""
    try:
        return reader()
    except FileFormatError as error:
        told = str(error)
    assert str(path) in told
    return None


@_FREE
@given(data=st.binary(max_size=200), suffix=st.sampled_from([".parquet", ".json", ".csv"]))
def test_any_bytes(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    found = _told(lambda: read(path), path)
    assert found is None or isinstance(found, _VALUES)


@_FREE
@given(name=st.sampled_from(_ENTRIES), value=_JSON)
def test_any_entry_of_a_matrix(
    matrix: RelationshipMatrix, tmp_path: Path, name: str, value: object
) -> None:
    path = write(matrix, tmp_path / "m.json", overwrite=True)
    document = json.loads(path.read_text())
    del document["checksum"]
    path.write_text(json.dumps(document | {name: value}))
    found = _told(lambda: read(path), path)
    assert found is None or isinstance(found, RelationshipMatrix)


@_FREE
@given(start=st.floats(0, 1), length=st.integers(0, 40), filling=st.binary(max_size=40))
def test_any_piece_of_a_table_replaced(
    table: EmbeddingTable, tmp_path: Path, start: float, length: int, filling: bytes
) -> None:
    path = write(table, tmp_path / "t.parquet", overwrite=True)
    whole = path.read_bytes()
    at = int(start * len(whole))
    path.write_bytes(whole[:at] + filling + whole[at + length :])
    found = _told(lambda: read(path).content_sha256, path)
    streamed = _told(lambda: TableStream(path).content_sha256, path)
    assert {found, streamed} <= {None, table.content_sha256}


def test_parts_of_another_width_are_refused(table: EmbeddingTable, tmp_path: Path) -> None:
    wide = EmbeddingTable([[1.0, 0.0]], table.rows.take([2]), table.space)
    write(table.take([0, 1]), tmp_path / "t" / "a.parquet")
    write(wide, tmp_path / "t" / "b.parquet")
    with pytest.raises(FileFormatError, match=r"a\.parquet holds .* of 5 dimensions and .*of 2"):
        read(tmp_path / "t")
    with pytest.raises(FileFormatError, match="of one table have the same"):
        list(TableStream(tmp_path / "t").batches())
