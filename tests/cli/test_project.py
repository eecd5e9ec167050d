from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap, read, write


@pytest.fixture
def source(tmp_path: Path) -> str:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(24, 6)) + np.repeat(3 * np.eye(6)[:2], 12, axis=0)
    names = ["a"] * 12 + ["b"] * 12
    frame = pd.DataFrame(
        {
            "image_id": [f"{name}/{i}.png" for i, name in enumerate(names)],
            "dataset": names,
            "group": [f"s{i}" for i in range(24)],
        }
    )
    table = EmbeddingTable(
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        Rows(frame),
        Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact"),
    )
    return str(write(table, tmp_path / "table.parquet"))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_writes_a_map_once(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "map.parquet"
    given = ("project", source, "--out", str(out), "--neighbors", "8", "--stability", "1")
    assert run(*given) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == f"{out}: written"
    assert "24 images of rainmer/chromatic" in shown
    assert "trustworthiness (11 neighbours): " in shown
    assert "median displacement between seeds, degrees: " in shown
    made = read(out)
    assert isinstance(made, SphereMap)
    assert made.parameters["neighbors"] == 8
    assert made.fidelity["stability_seeds"] == 1
    assert "mean directions (descriptive): longitude, latitude, spread in degrees" in shown
    frame = pd.read_parquet(out)
    assert {"x", "y", "z", "lon", "lat"} <= set(frame.columns)
    assert frame["lat"].between(-90, 90).all()
    assert frame["lon"].between(-180, 180).all()

    stamp = out.stat().st_mtime_ns
    assert run(*given, "--json", "--quiet") == 0
    again = capsys.readouterr()
    document = json.loads(again.out)
    assert again.err == ""
    assert (document["kind"], document["state"], document["images"]) == ("map", "up to date", 24)
    assert document["fidelity"] == dict(made.fidelity)
    assert out.stat().st_mtime_ns == stamp

    assert run(*given, "--seed", "7") == 1
    assert f"{out} already exists" in capsys.readouterr().err
    assert run(*given, "--seed", "7", "--overwrite", "--quiet") == 0
    assert read(out).parameters["seed"] == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["SOURCE", "--out", "m.json"], "a map cannot be written as 'm.json'"),
        (["SOURCE", "--out", "m.parquet", "--engine", "tsne"], "there is no engine 'tsne'; use"),
        (["SOURCE", "--out", "m.parquet", "--neighbors", "0"], "0 neighbors were asked for"),
        (["absent.parquet", "--out", "m.parquet"], "there is no file absent.parquet"),
        (["MATRIX", "--out", "m.parquet"], "is no table of embeddings; give a table"),
    ],
)
def test_domain_errors_are_one_sentence(
    source: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("relate", source, "--out", "matrix.json", "--quiet") == 0
    capsys.readouterr()
    given = {"SOURCE": source, "MATRIX": "matrix.json"}
    assert run("project", *(given.get(item, item) for item in arguments)) == 1
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err
    assert not (tmp_path / "m.parquet").exists()


def test_says_how_surely_new_images_are_placed(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.parquet"
    given = ("project", source, "--out", str(out), "--neighbors", "8", "--calibrate", "4")
    assert run(*given) == 0
    shown, noted = capsys.readouterr()
    assert "rests on 24 scene(s) in 4 parts and says little; calibrate with 100 scenes" in noted
    assert "90 % radius of a placed image, median: " in shown
    made = read(out)
    assert isinstance(made, SphereMap)
    assert 0 < made.fidelity["radius_degrees"] <= 180
    assert set(made.fidelity["radius_degrees_by_dataset"]) == set(made.rows.datasets)
    for name, radius in made.fidelity["radius_degrees_by_dataset"].items():
        assert f"  {name}: {radius:.1f}" in shown
    assert made.parameters["calibrate"] == 4
    assert run(*given, "--json", "--quiet") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["state"] == "up to date"
    assert set(document["summary"]["datasets"]) == set(made.rows.datasets)
    assert run(*given, "--overwrite", "--engine", "umap-learn") == 1
    assert "the engine 'umap-learn' cannot place new rows" in capsys.readouterr().err
