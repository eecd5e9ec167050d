from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    Rows,
    Space,
    SphereMap,
    read,
    write,
)

CLASS_NAMES = re.compile(r"EmbeddingTable|SphereMap|RelationshipMatrix|=True")
SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    points = np.random.default_rng(0).normal(size=(8, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    names = ["A"] * 5 + ["B"] * 3
    frame = pd.DataFrame(
        {"image_id": [f"{n}/{i}" for i, n in enumerate(names)], "dataset": names, "group": "s"}
    )
    frame["group"] = frame["image_id"]
    write(SphereMap(points, Rows(frame), SPACE), tmp_path / "map.parquet")
    write(EmbeddingTable(points, Rows(frame), SPACE), tmp_path / "table.parquet")
    values = np.array([[1.0, -0.25], [-0.25, 1.0]])
    matrix = RelationshipMatrix(values, ("A", "B"), "cosine", SPACE, (5, 3), (5, 3))
    write(matrix, tmp_path / "matrix.json")
    write(matrix, tmp_path / "matrix.csv")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_map_becomes_a_picture_once(stored: Path, capsys, suffix: str) -> None:
    out = stored / f"new folder/map.{suffix}"
    asked = ("plot", "map", stored / "map.parquet", "--out", out)
    assert run(capsys, *asked) == (0, f"{out}: written\n", "")
    before = out.stat().st_mtime_ns
    assert run(capsys, *asked) == (0, f"{out}: up to date\n", "")
    assert out.stat().st_mtime_ns == before
    assert (out.parent / "map.provenance.json").is_file()


def test_maps_can_be_aligned(stored: Path, capsys) -> None:
    found = read(stored / "map.parquet")
    assert isinstance(found, SphereMap)
    turned = found.points[:, [1, 2, 0]] * np.array([1, -1, 1])
    write(SphereMap(turned, found.rows, SPACE), stored / "turned.parquet")
    both = (stored / "map.parquet", stored / "turned.parquet")
    assert run(capsys, "plot", "map", *both, "--align", "--out", stored / "both.svg")[0] == 0
    told = json.loads((stored / "both.provenance.json").read_text(encoding="utf-8"))
    assert told["maps"][1]["parameters"]["aligned_to"] == found.content_sha256
    assert told["maps"][1]["content_sha256"] != read(both[1]).content_sha256


def test_several_matrices_become_panels(stored: Path, capsys) -> None:
    out = stored / "matrices.svg"
    sources = (stored / "matrix.json", stored / "matrix.csv")
    code, said, _ = run(capsys, "plot", "matrix", *sources, "--out", out, "--json")
    assert code == 0
    assert json.loads(said) == {
        "out": str(out),
        "provenance": str(stored / "matrices.provenance.json"),
        "state": "written",
    }
    assert out.read_text(encoding="utf-8").count(">−0.25</text>") == 4


def test_another_view_is_another_picture(stored: Path, capsys) -> None:
    out = stored / "map.svg"
    asked = ("plot", "map", stored / "map.parquet", "--out", out)
    run(capsys, *asked)
    code, said, told = run(capsys, *asked, "--view", "orthographic")
    assert (code, said) == (1, "")
    assert "map.svg already exists" in told
    assert told.endswith("give another name or allow --overwrite (overwrite=True in Python)\n")
    code, said, _ = run(capsys, *asked, "--view", "orthographic", "--overwrite")
    assert (code, said) == (0, f"{out}: written\n")
    assert "centred on 180°" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "source", "words"),
    [
        ("matrix", "map.parquet", "map.parquet is no matrix; give a matrix (.json or .csv) that"),
        ("map", "matrix.json", "matrix.json is no map; give a map (.parquet) that"),
        (
            "map",
            "table.parquet",
            "holds a table of embeddings, not a map; give a map",
        ),
        ("map", "absent.parquet", "absent.parquet; give a map (.parquet) that"),
    ],
)
def test_what_is_no_such_value_is_refused(
    stored: Path, capsys, kind: str, source: str, words: str
) -> None:
    code, said, told = run(capsys, "plot", kind, stored / source, "--out", stored / "p.png")
    assert (code, said) == (1, "")
    assert words in told
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert CLASS_NAMES.search(told) is None
    assert not (stored / "p.png").exists()


def test_outlines_and_means_come_with_a_key(stored: Path, capsys) -> None:
    out = stored / "map.svg"
    asked = ("plot", "map", stored / "map.parquet", "--out", out, "--contours", "--means")
    assert run(capsys, *asked)[0] == 0
    drawn = out.read_text(encoding="utf-8")
    assert re.search(r">mean (direction|of a spread above 67\.5°)</text>", drawn)
    assert ">no outlines under 20 images: A, B</text>" in drawn
    assert "densest" not in drawn


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(stored: Path, capsys) -> None:
    (stored / "file").write_text("in the way", encoding="utf-8")
    out = stored / "file" / "map.png"
    code, _, told = run(capsys, "plot", "map", stored / "map.parquet", "--out", out)
    assert code == 1
    assert told.startswith(f"error: {stored / 'file'}")
    assert "cannot be used" in told


def test_an_unknown_suffix_is_refused_before_any_work(stored: Path, capsys) -> None:
    code, _, told = run(capsys, "plot", "map", stored / "absent", "--out", stored / "p.gif")
    assert code == 1
    assert "'p.gif'; use a name that ends in .png, .pdf, .svg" in told


@pytest.mark.parametrize(
    "arguments",
    [("map",), ("map", "m.parquet"), ("matrix", "--out", "p.png"), ("globe", "m.parquet")],
)
def test_wrong_usage_ends_with_two(capsys, arguments: tuple[str, ...]) -> None:
    assert run(capsys, "plot", *arguments)[0] == 2
    assert run(capsys, "plot", "map", "m", "--out", "p.png", "--view", "globe")[0] == 2
