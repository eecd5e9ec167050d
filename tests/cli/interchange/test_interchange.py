from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_vectors_of_others_go_in_and_out(tmp_path: Path, capsys) -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 4))
    vectors[5] = 0
    np.save(tmp_path / "v.npy", vectors)
    lines = ["file,set,extra", *(f"{i}.png,{'ab'[i % 2]},1" for i in range(6))]
    (tmp_path / "v.csv").write_text("\n".join(lines), encoding="utf-8")
    asked = ["import", tmp_path / "v.npy", "--labels", tmp_path / "v.csv", "--encoder", "clip"]
    asked += ["--image-id", "file", "--dataset-column", "set", "--out", tmp_path / "t.parquet"]
    code, out, err = run(capsys, *asked)
    assert code == 0
    assert out.splitlines() == [
        f"{tmp_path / 't.parquet'}: written, 5 images of 2 dataset(s), 4 dimensions; left out: 1",
        f"next: rainmer-analysis relate {tmp_path / 't.parquet'} --out matrix.json",
    ]
    assert err.splitlines() == [
        "left out: b/5.png: its vector is all zeros",
        "columns that a table has no place for: extra",
    ]
    code, out, _ = run(capsys, *asked, "--json")
    told = json.loads(out)
    assert (told["state"], told["datasets"]) == ("up to date", {"a": 3, "b": 2})
    asked = ["export", tmp_path / "t.parquet", "--neighbors", "2", "--out", tmp_path / "e.parquet"]
    code, out, err = run(capsys, *asked)
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("opens with: embedding-atlas ")
    code, _, err = run(capsys, "export", tmp_path / "v.npy", "--out", tmp_path / "f.parquet")
    assert code == 1
    assert err.startswith("error: ")
