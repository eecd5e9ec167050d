from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.cli.main import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture
def arrays(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.npy" for name in ("own", "x", "y")]
    for path, (b, n) in zip(paths, ((30, 2000), (12, 500), (15, 90)), strict=True):
        np.save(path, rng.beta(2, b, n))
    return [str(path) for path in paths]


@pytest.mark.parametrize("spelling", ["--like X Y", "--like X --like Y"])
def test_both_spellings_of_like_name_all_sets(
    arrays: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], spelling: str
) -> None:
    own, x, y = arrays
    like = [{"X": x, "Y": y}.get(each, each) for each in spelling.split()]
    out = str(tmp_path / "m.toml")
    assert run("balance", own, *like, "--property", "density", "--out", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["like"] == {"x": 500, "y": 90}
    assert document["method"] == "paper"
    assert sum(each["chosen"] for each in document["strata"]) == document["chosen"]


def test_before_and_after_are_printed(
    arrays: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["balance", arrays[0], "--like", *arrays[1:], "--size", "100"]
    assert run(*asked, "--out", str(tmp_path / "m.toml")) == 0
    shown = capsys.readouterr()
    rows = {line.split()[0]: line.split()[1:] for line in shown.out.splitlines() if line.strip()}
    assert "100 of 2,000 rows" in shown.out
    assert rows["density"][-2:] == ["Wasserstein-1", "KS"]
    assert float(rows["after"][-2]) < float(rows["before"][-2])
    assert float(rows["after"][-1]) < float(rows["before"][-1])
    assert "written" in shown.err
    assert run(*asked, "--out", str(tmp_path / "m.toml")) == 0
    assert "up to date" in capsys.readouterr().err
    assert run(*asked, "--seed", "3", "--out", str(tmp_path / "m.toml")) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_wrong_usage_is_told(
    arrays: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "m.toml")]
    assert run("balance", arrays[0], *out) == 2
    assert run("balance", "--like", *arrays, *out) == 2
    capsys.readouterr()
    assert run("balance", arrays[0], "--like", arrays[1], "--method", "optimal", *out) == 1
    assert capsys.readouterr().err.startswith("error: the method optimal came with the size None")
