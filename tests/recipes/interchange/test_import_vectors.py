from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rainmer_analysis.errors import (
    FileFormatError,
    OutputExistsError,
    ParameterError,
    RainmerAnalysisError,
)
from rainmer_analysis.recipes.interchange.import_vectors import ImportOptions, import_vectors
from rainmer_analysis.scores import relate
from rainmer_analysis.values import EmbeddingTable, read

CLIP = ImportOptions("clip")


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32) * 3


@pytest.fixture
def files(tmp_path: Path, vectors: np.ndarray) -> tuple[Path, Path]:
    np.save(tmp_path / "v.npy", vectors)
    lines = ["image_id,dataset,group,path,note"]
    lines += [f"{i}.png,{'ab'[i // 3]},s{i % 3},/x/{i}.png,hello" for i in range(6)]
    (tmp_path / "v.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "v.npy", tmp_path / "v.csv"


def test_npy_and_csv_become_a_table(
    tmp_path: Path, files: tuple[Path, Path], vectors: np.ndarray
) -> None:
    out = tmp_path / "t.parquet"
    done = import_vectors(files[0], out, options=CLIP, labels=files[1])
    table = read(out)
    assert isinstance(table, EmbeddingTable)
    assert table.content_sha256 == done.table.content_sha256
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert table.vectors == pytest.approx(expected, abs=1e-6)
    assert table.rows.column("image_id").tolist() == [f"{'ab'[i // 3]}/{i}.png" for i in range(6)]
    assert table.rows.column("group").tolist() == ["s0", "s1", "s2"] * 2
    assert table.rows.column("path")[5] == "/x/5.png"
    assert (table.space.name, done.unused, done.left_out) == ("clip/features", ("note",), {})
    assert table.made["imported"]["file"] == "v.npy"
    assert relate(table).datasets == ("a", "b")
    before = out.stat().st_mtime_ns
    assert import_vectors(files[0], out, options=CLIP, labels=files[1]).up_to_date
    assert out.stat().st_mtime_ns == before
    with pytest.raises(OutputExistsError, match="allow --overwrite"):
        import_vectors(files[0], out, options=ImportOptions("dino"), labels=files[1])


@pytest.mark.parametrize("kind", [pa.list_(pa.float64()), pa.list_(pa.float32(), 4)])
def test_a_column_of_lists_becomes_a_table(
    tmp_path: Path, vectors: np.ndarray, kind: pa.DataType
) -> None:
    columns = {
        "name": [f"{i}.png" for i in range(6)],
        "v": pa.array([*vectors.tolist()], type=kind),
        "tags": [["x"]] * 6,
    }
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    options = ImportOptions("dino", image_id="name", name="mine")
    done = import_vectors(tmp_path / "rows.parquet", tmp_path / "t.parquet", options=options)
    assert done.table.rows.counts == {"mine": 6}
    assert done.table.rows.column("group")[2] == done.table.rows.column("image_id")[2]
    assert done.unused == ("tags",)


def test_rows_without_a_direction_are_left_out_and_named(
    tmp_path: Path, files: tuple[Path, Path], vectors: np.ndarray
) -> None:
    vectors[1] = 0
    vectors[4, 2] = np.nan
    np.save(files[0], vectors.astype(np.float16))
    done = import_vectors(files[0], tmp_path / "t.parquet", options=CLIP, labels=files[1])
    assert done.left_out == {
        "a/1.png": "its vector is all zeros",
        "b/4.png": "its vector lacks a number or is not finite",
    }
    assert len(done.table) == 4


def test_identity_keeps_spaces_apart(tmp_path: Path, files: tuple[Path, Path]) -> None:
    spaces = [
        import_vectors(
            files[0],
            tmp_path / f"{identity}.parquet",
            options=ImportOptions("clip", identity=identity),
            labels=files[1],
        ).table.space
        for identity in ("ViT-B", "ViT-L")
    ]
    assert spaces[0] != spaces[1]


def npy(array: object, **options: object):
    return lambda place: np.save(place / "v.npy", np.asarray(array), **options)  # type: ignore[arg-type]


def parquet(**columns: object):
    return lambda place: pq.write_table(pa.table(columns), place / "v.parquet")


def text(name: str, content: str):
    return lambda place: (place / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "options", "error", "words"),
    [
        (npy([{"a": 1}], allow_pickle=True), {}, FileFormatError, "without objects"),
        (npy(np.arange(6)), {}, FileFormatError, r"holds an array \[6\] of int64; give one array"),
        (text("v.npy", "not numpy"), {}, FileFormatError, "cannot be read as a NumPy file"),
        (npy(np.ones((2, 3))), {}, ParameterError, "2 vectors and 6 rows of labels came"),
        (npy(np.zeros((6, 3))), {}, ParameterError, "holds no vector with a direction"),
        (npy(np.ones((6, 3))), {"image_id": "file"}, ParameterError, "name the column of image n"),
        (npy(np.ones((6, 3))), {"dataset": "set"}, ParameterError, "or the one dataset that all"),
        (parquet(a=[1, 2]), {}, ParameterError, "has 0 columns of lists of floating numbers; name"),
        (parquet(a=[[1.0]], b=[[2.0]]), {}, ParameterError, "2 columns of lists .*: a, b; name"),
        (parquet(a=[[1.0]]), {"vectors": "b"}, ParameterError, "has no column 'b' of lists"),
        (parquet(a=[[1.0], [1.0, 2.0]]), {}, FileFormatError, "have the lengths 1, 2; all must"),
        (text("v.parquet", "PAR1"), {}, FileFormatError, "cannot be read as Parquet"),
        (text("v.txt", "1 2"), {}, ParameterError, "is neither .npy nor .parquet; give vectors"),
    ],
)
def test_refusals_are_one_sentence(
    tmp_path: Path, files: tuple[Path, Path], make, options, error, words: str
) -> None:
    place = tmp_path / "odd"
    place.mkdir()
    make(place)
    (source,) = place.iterdir()
    labels = None if source.suffix == ".parquet" else files[1]
    given = ImportOptions("clip", **options)
    with pytest.raises(error, match=words) as told:
        import_vectors(source, tmp_path / "t.parquet", options=given, labels=labels)
    assert isinstance(told.value, RainmerAnalysisError)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "t.parquet").exists()


def test_labels_are_asked_for(tmp_path: Path, files: tuple[Path, Path]) -> None:
    with pytest.raises(ParameterError, match=r"holds vectors without labels; name a CSV"):
        import_vectors(files[0], tmp_path / "t.parquet", options=CLIP)
    files[1].write_text("image_id,dataset\na,x\n,x\nb,x\nc,x\nd,x\ne,x\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="'image_id' of the label frame holds an empty cell"):
        import_vectors(files[0], tmp_path / "t.parquet", options=CLIP, labels=files[1])
    pd.DataFrame({"image_id": ["a"] * 6, "dataset": "x"}).to_csv(files[1], index=False)
    with pytest.raises(ParameterError, match="occurs more than once"):
        import_vectors(files[0], tmp_path / "t.parquet", options=CLIP, labels=files[1])
