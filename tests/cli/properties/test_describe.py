from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.main import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture
def source(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    for number in range(3):
        clean = rng.integers(0, 150, (16, 20, 3), dtype=np.uint8)
        for part, pixels in (("input", clean + np.uint8(30 * (number > 0))), ("target", clean)):
            path = tmp_path / "wet" / part / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    (tmp_path / "wet" / "input" / "9.png").write_bytes(b"")
    (tmp_path / "wet" / "input" / "notes.txt").write_text("passed over")
    return f"wet={tmp_path / 'wet'}"


def test_table_picture_and_card(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture, card = (tmp_path / name for name in ("p.parquet", "p.png", "p.md"))
    asked = ["describe", source, "--out", str(out), "--plot", str(picture), "--card", str(card)]
    assert run(*asked) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].split()[:4] == ["dataset", "images", "pairs", "density"]
    assert lines[1].split()[:3] == ["wet", "3", "3"]
    assert "wet: not defined: gradient 1, monochromaticity 1" in lines
    assert "wet: infinite, and in no mean: psnr 1" in lines
    assert "left out: 1 images and 0 targets" in lines[-1]
    assert "3 used, 1 left out" in shown.err
    assert "other files: .txt 1" in shown.err
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert card.read_text(encoding="utf-8").startswith("# Dataset card: wet\n")
    assert run(*asked) == 0
    assert capsys.readouterr().err.count("up to date") == 3


def test_json_is_one_document(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "p.parquet")
    asked = ["describe", source, "--out", out, "--json", "--quiet", "--per-dataset", "2"]
    assert run(*asked) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert shown.err == ""
    assert document["kind"] == "description"
    assert document["files"]["wet"]["not_drawn"] == 2
    assert set(document["datasets"]["wet"]["properties"]) >= {"density", "psnr"}
    assert run(*asked, "--seed", "5") == 1
    assert "--overwrite" in capsys.readouterr().err


def test_names_of_other_kinds_are_refused_before_the_work(source: str, tmp_path: Path) -> None:
    asked = ["describe", source, "--out", str(tmp_path / "p.parquet")]
    assert run(*asked, "--plot", str(tmp_path / "p.txt")) == 2
    assert run(*asked, "--card", str(tmp_path / "p.png")) == 2
    assert not (tmp_path / "p.parquet").exists()
