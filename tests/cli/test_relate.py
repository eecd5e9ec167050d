from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, Rows, Space, read, write


@pytest.fixture
def table() -> EmbeddingTable:
    names = ["heavy"] * 5 + ["night"] * 4 + ["lone"]
    vectors = np.random.default_rng(0).normal(size=(10, 6))
    vectors[5:9] -= 3
    frame = pd.DataFrame(
        {
            "image_id": [f"{name}/{i}.png" for i, name in enumerate(names)],
            "dataset": names,
            "group": [f"s{i // 2}" for i in range(10)],
        }
    )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return EmbeddingTable(
        unit, Rows(frame), Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")
    )


@pytest.fixture
def source(table: EmbeddingTable, tmp_path: Path) -> str:
    return str(write(table, tmp_path / "table.parquet"))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_writes_and_prints(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "matrix.json"
    assert run("relate", source, "--out", str(out)) == 0
    shown = capsys.readouterr()
    assert "written" in shown.err
    matrix = read(out)
    assert isinstance(matrix, RelationshipMatrix)
    title, header, *body = shown.out.splitlines()
    assert title == "rainmer/chromatic, cosine"
    assert header.split() == ["heavy", "night", "lone", "images", "scenes"]
    assert [line.split()[0] for line in body] == ["heavy", "night", "lone"]
    assert body[0].split()[2] == f"{matrix.values[0, 1]:.2f}"
    assert body[0].split()[-2:] == ["5", "3"]
    assert body[2].split()[3:] == ["-", "1", "1"]
    assert len({len(line) for line in (header, *body)}) == 1


def test_json_is_one_document(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "matrix.json")
    assert run("relate", source, "--out", out, "--json", "--score", "paper", "--quiet") == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert shown.err == ""
    assert (document["kind"], document["score"]) == ("matrix", "paper")
    assert document["counts"] == [5, 4, 1]
    assert document["values"][2][2] == pytest.approx(1)
    assert run("relate", source, "--out", out, "--json", "--score", "paper") == 0
    assert json.loads(capsys.readouterr().out) == document


@pytest.mark.parametrize("name", ["matrix.json", "matrix.csv"])
def test_identical_request_is_up_to_date_and_another_is_refused(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / name
    assert run("relate", source, "--out", str(out)) == 0
    before, stamp = out.read_bytes(), out.stat().st_mtime_ns
    capsys.readouterr()
    assert run("relate", source, "--out", str(out)) == 0
    shown = capsys.readouterr()
    assert "up to date" in shown.err
    assert "night" in shown.out
    assert out.stat().st_mtime_ns == stamp
    assert run("relate", source, "--out", str(out), "--score", "paper") == 1
    assert f"{out} already exists" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run("relate", source, "--out", str(out), "--score", "paper", "--overwrite") == 0
    assert out.read_bytes() != before


def test_csv_has_names_and_empty_missing_cells(source: str, tmp_path: Path) -> None:
    out = tmp_path / "matrix.csv"
    assert run("relate", source, "--out", str(out), "--quiet") == 0
    header, *body = csv.reader(out.read_text(encoding="utf-8").splitlines())
    assert header[0].startswith("sha256:")
    assert header[1:] == ["heavy", "night", "lone"]
    assert body[2][3] == ""


def test_something_else_of_that_name_is_kept(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "notes.csv"
    out.write_text("my notes", encoding="utf-8")
    assert run("relate", source, "--out", str(out)) == 1
    assert out.read_text(encoding="utf-8") == "my notes"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["SOURCE", "--out", "m.parquet"], "a matrix cannot be written as 'm.parquet'"),
        (
            ["SOURCE", "--out", "m.json", "--score", "mnd"],
            "no score 'mnd'; use one of cosine, paper, centred",
        ),
        (["absent.parquet", "--out", "m.json"], "there is no file absent.parquet"),
        (["MATRIX", "--out", "m.json"], "is no table of embeddings; give a table"),
    ],
)
def test_domain_errors_are_one_sentence(
    table: EmbeddingTable,
    source: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("relate", source, "--out", "other.json", "--quiet") == 0
    capsys.readouterr()
    given = {"SOURCE": source, "MATRIX": "other.json"}
    assert run("relate", *(given.get(item, item) for item in arguments)) == 1
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_needs_neither_torch_nor_umap_nor_matplotlib(source: str, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from rainmer_analysis.cli.main import cli\n"
        f"cli.main(['relate', {source!r}, '--out', {str(tmp_path / 'm.json')!r}, '--quiet'],"
        " standalone_mode=False)\n"
        "heavy = {'torch', 'umap', 'numba', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["relate", "project"])
def test_help_waits_for_nothing(command: str) -> None:
    script = (
        "import sys\n"
        "from rainmer_analysis.cli.main import cli\n"
        f"cli.main([{command!r}, '--help'], standalone_mode=False)\n"
        "sys.exit(', '.join({'numpy', 'pandas', 'pyarrow'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "TABLE" in done.stdout
