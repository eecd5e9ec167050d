"""A table on disk, read in pieces, is the table in memory."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from rainmer_analysis.errors import FileFormatError, SpaceError
from rainmer_analysis.scores import relate
from rainmer_analysis.values import (
    EmbeddingTable,
    Rows,
    Space,
    TableStream,
    digest,
    read,
    write,
    write_table_once,
)

SPACE = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")


def table(rows: int, *, seed: int = 0, dim: int = 6, start: int = 0) -> EmbeddingTable:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(rows, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    frame = pd.DataFrame(
        {
            "image_id": [f'é"{start + index}' for index in range(rows)],
            "dataset": [f"set{index % 3}" for index in range(rows)],
            "group": [f"scene {index // 5}" for index in range(rows)],
        }
    )
    return EmbeddingTable(vectors, Rows(frame), SPACE, {"seed": 1})


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    whole = table(1000)
    for number, low in enumerate(range(0, 1000, 300)):
        part = whole.take(range(low, min(low + 300, 1000)))
        write(part, folder / f"part-{number:03d}.parquet")
    return folder


def test_identity_and_rows_are_those_of_the_whole(parts: Path, tmp_path: Path) -> None:
    whole = table(1000)
    single = write(whole, tmp_path / "single.parquet")
    for path in (parts, single):
        stream = TableStream(path)
        assert len(stream) == 1000
        assert stream.space == SPACE
        assert stream.content_sha256 == whole.content_sha256 == read(path).content_sha256
        for size in (7, 4096):
            batches = list(stream.batches(size))
            found = np.concatenate([batch.vectors for batch in batches])
            np.testing.assert_array_equal(found, whole.vectors)
            names = [name for batch in batches for name in batch.rows.column("image_id")]
            assert names == whole.rows.column("image_id").tolist()
            assert max(map(len, batches)) <= size


@pytest.mark.parametrize("score", ["cosine", "paper"])
def test_scores_of_parts_are_those_of_the_whole(parts: Path, score: str) -> None:
    expected, found = relate(table(1000), score=score), relate(TableStream(parts), score=score)
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-12)
    for name in ("datasets", "counts", "groups", "space", "parameters"):
        assert getattr(found, name) == getattr(expected, name), name


def test_an_image_that_stands_in_two_parts_is_found(parts: Path) -> None:
    write(table(2, seed=5, start=999), parts / "part-9.parquet")
    with pytest.raises(FileFormatError, match="an image_id occurs more than once in"):
        relate(TableStream(parts))


def test_parts_of_another_space_or_kind_are_refused(parts: Path, tmp_path: Path) -> None:
    other = EmbeddingTable(
        table(2).vectors, table(2, start=5000).rows, Space("x", "y", "1", "z", "exact")
    )
    write(other, parts / "part-9.parquet")
    with pytest.raises(SpaceError, match="lie in different spaces"):
        TableStream(parts)
    (parts / "part-9.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(FileFormatError, match="cannot be read as Parquet"):
        TableStream(parts)
    with pytest.raises(FileFormatError, match="there is no file"):
        TableStream(tmp_path / "none.parquet")


def test_a_damaged_part_says_so_while_it_streams(parts: Path) -> None:
    path = parts / "part-001.parquet"
    data = bytearray(path.read_bytes())
    data[4:2000] = bytes(len(data[4:2000]))
    path.write_bytes(bytes(data))
    with pytest.raises(FileFormatError, match=r"part-001.parquet is damaged or cut off"):
        relate(TableStream(parts))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are told by Linux alone")
def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    """Relate six times as many rows in a process that has related some; both are over a batch."""
    paths = [write(table(rows, dim=128), tmp_path / f"{rows}.parquet") for rows in (16_000, 96_000)]
    program = (
        "import sys\n"
        "from rainmer_analysis.scores import relate\n"
        "from rainmer_analysis.values import TableStream\n"
        "for path in sys.argv[1:]:\n"
        "    relate(TableStream(path))\n"
        "    print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
    )
    asked = [sys.executable, "-c", program, *map(str, paths)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    peaks = [int(line) / 1024 for line in done.stdout.splitlines()]
    assert peaks[1] - peaks[0] < 30, peaks  # MB; the vectors alone would be 41


@pytest.mark.parametrize("sizes", [(1, 2, 3), (9000,), (64,) * 129, (8000, 400, 9000)])
def test_a_table_written_in_pieces_is_that_of_the_whole(
    sizes: tuple[int, ...], tmp_path: Path
) -> None:
    whole = table(sum(sizes), dim=4)
    ends = np.cumsum(sizes)
    pieces = (
        whole.take(range(end - size, end)) for size, end in zip(sizes, ends.tolist(), strict=True)
    )
    found = write_table_once(pieces, tmp_path / "pieces.parquet", overwrite=False, request="r")
    expected = write(whole, tmp_path / "whole.parquet", request="r")
    assert found.read_bytes() == expected.read_bytes()
    stream = TableStream(found)
    assert (stream.dim, stream.counts) == (whole.dim, whole.rows.counts)


def test_a_digest_is_that_of_the_json_text() -> None:
    value = {"b": [1, None, "ü", [2.5]], "a": (True, {"z": {}, "y": []}), "c": list(range(3000))}
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert digest(value) == expected
    assert (
        digest(value | {"c": iter(range(3000)), "a": (True, {"z": {}, "y": iter(())})}) == expected
    )


def test_vectors_cost_no_more_on_disk_than_their_bytes(tmp_path: Path) -> None:
    whole = table(3000, dim=64)
    path = tmp_path / "table.parquet"
    write_table_once(whole.batches(100), path, overwrite=False, request=None)
    groups = pq.read_metadata(path)
    sizes = [groups.row_group(number) for number in range(groups.num_row_groups)]
    assert max(group.num_rows for group in sizes) <= 1024  # what a writer and a reader hold
    vectors = [group.column(group.num_columns - 1) for group in sizes]
    assert {column.path_in_schema for column in vectors} == {"embedding.list.element"}
    assert sum(column.total_compressed_size for column in vectors) < 4 * 64 * len(whole)
    write(whole, tmp_path / "at-once.parquet")
    assert (tmp_path / "at-once.parquet").read_bytes() == path.read_bytes()
