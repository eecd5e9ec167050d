"""Tables and maps by the data rules of embedding-atlas, which reads Parquet through pandas.

Its documentation says: --x and --y name columns of numbers, --vector one of vectors, --image one
of records with ``bytes`` (and ``path``), --neighbors one of records with ``ids`` (row numbers from
0) and ``distances``.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rainmer_analysis.errors import OutputExistsError, ParameterError
from rainmer_analysis.images import file_sha256
from rainmer_analysis.recipes.interchange.export_rows import ExportOptions, export
from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap, write

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    paths, shas = [], []
    for index in range(5):
        path = tmp_path / f"{index}.png"
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        paths.append(str(path))
        shas.append(file_sha256(path))
    ids = [f"a/{index}.png" for index in range(5)]
    frame = pd.DataFrame(
        {"image_id": ids, "dataset": "a", "group": ids, "path": paths, "sha256": shas}
    )
    vectors = rng.normal(size=(5, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    points = vectors[:, :3] / np.linalg.norm(vectors[:, :3], axis=1, keepdims=True)
    write(EmbeddingTable(vectors, Rows(frame), SPACE), tmp_path / "table.parquet")
    backwards = [3, 2, 1, 0]
    made = SphereMap(points[backwards], Rows(frame.iloc[backwards]), SPACE)
    write(made, tmp_path / "map.parquet")
    return tmp_path / "table.parquet", tmp_path / "map.parquet"


def demand_columns(path: Path, *, x: str = "", y: str = "", vector: str = "") -> pd.DataFrame:
    """Read a file as embedding-atlas does, and check the columns that its options name."""
    frame = pd.read_parquet(path)
    assert frame.columns.is_unique
    assert isinstance(frame.index, pd.RangeIndex)
    for name in filter(None, (x, y)):
        assert pd.api.types.is_float_dtype(frame[name])
        assert np.isfinite(frame[name]).all()
    if vector:
        stacked = np.stack(frame[vector].to_list())
        assert stacked.ndim == 2
        assert np.linalg.norm(stacked, axis=1) == pytest.approx(1, abs=1e-6)
    return frame


def test_tables_and_maps_open_as_they_are(files: tuple[Path, Path]) -> None:
    demand_columns(files[0], vector="embedding")
    frame = demand_columns(files[1], x="lon", y="lat")
    assert frame["lon"].between(-180, 180).all()


def test_thumbnails_and_neighbours_are_records(tmp_path: Path, files: tuple[Path, Path]) -> None:
    out = tmp_path / "atlas.parquet"
    seen: list[tuple[int, int]] = []
    done = export(
        [files[1], files[0]],
        out,
        options=ExportOptions(thumbnails=True, neighbors=2),
        progress=lambda *told: seen.append(told),
    )
    frame = demand_columns(out, x="lon", y="lat", vector="embedding")
    assert frame["image_id"].tolist() == [f"a/{index}.png" for index in (3, 2, 1, 0)]
    vectors = np.stack(frame["embedding"].to_list())
    for row, record in enumerate(frame["neighbors"]):
        assert set(record) == {"ids", "distances"}
        cosines = vectors @ vectors[row]
        cosines[row] = -2
        assert record["ids"].tolist() == np.argsort(-cosines)[:2].tolist()
        assert record["distances"] == pytest.approx(np.arccos(np.sort(cosines)[::-1][:2]), abs=1e-3)
    for record in frame["thumbnail"]:
        assert set(record) == {"bytes", "path"}
        with Image.open(io.BytesIO(record["bytes"])) as image:
            assert image.size == (40, 30)
    assert seen[-1] == (4, 4)
    assert done.atlas_command == (
        f"embedding-atlas {out} --x lon --y lat --image thumbnail --neighbors neighbors"
    )
    again = export([files[1], files[0]], out, options=ExportOptions(True, 2))
    assert again.up_to_date
    assert again.columns == done.columns


def test_an_image_that_has_changed_has_no_thumbnail(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "2.png")
    out = tmp_path / "atlas.parquet"
    done = export([files[0]], out, options=ExportOptions(thumbnails=True))
    assert [record is None for record in pd.read_parquet(out)["thumbnail"]] == [
        index == 2 for index in range(5)
    ]
    (note,) = done.notes
    assert note.startswith("1 images are shown without a picture")
    assert done.atlas_command.endswith("--image thumbnail --vector embedding")


def test_refusals(tmp_path: Path, files: tuple[Path, Path]) -> None:
    with pytest.raises(ParameterError, match="2 tables and maps came; give one table, one map, or"):
        export([files[0], files[0]], tmp_path / "x.parquet")
    with pytest.raises(ParameterError, match=r"cannot be written as 'x\.csv'"):
        export([files[0]], tmp_path / "x.csv")
    with pytest.raises(OutputExistsError, match="allow --overwrite"):
        export([files[0]], files[1])
