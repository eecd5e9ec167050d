from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.pictures import make_inputs, plant_vector
from rainmer_analysis.cli.main import main


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    make_inputs(tmp_path, seed=2)
    matrix = tmp_path / "m-rainmer-chromatic.json"
    assert run(capsys, "plot", "matrix", matrix, "--out", tmp_path / "m.svg")[0] == 0
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_the_exit_code_tells_the_outcome(folder: Path, capsys) -> None:
    asked = ("verify", folder / "m.svg", "--against", folder)
    code, out, err = run(capsys, *asked)
    assert (code, err) == (0, "")
    first, *lines = out.splitlines()
    assert first == f"{folder / 'm.svg'}: agrees"
    assert all(line.startswith(("  agrees", "    ", "made by: ")) for line in lines)
    made = "made by: rainmer-analysis plot matrix m-rainmer-chromatic.json (rainmer-analysis "
    assert lines[-1].startswith(made)
    plant_vector(folder / "m.svg", folder, np.random.default_rng(0))
    code, out, _ = run(capsys, *asked, "--json")
    told = json.loads(out)
    assert (code, told["agrees"]) == (1, False)
    assert [each["what"] for each in told["checks"] if each["outcome"] == "differs"] == [
        "table rainmer/chromatic"
    ]


def test_without_inputs_the_next_step_is_named(folder: Path, capsys) -> None:
    code, out, _ = run(capsys, "verify", folder / "m.svg")
    assert code == 0
    assert "not checked" not in out
    assert out.splitlines()[-1].endswith("name what it was made of with --against FOLDER")


def test_a_picture_of_others_ends_with_two(tmp_path: Path, capsys) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    code, out, err = run(capsys, "verify", tmp_path / "photo.png")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "carries no record of this package" in err
    assert run(capsys, "verify", tmp_path / "absent.png")[0] == 2
    assert run(capsys, "verify", tmp_path / "photo.png", "--against", tmp_path / "no")[0] == 2
