from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from rainmer_analysis import recipes
from rainmer_analysis.cli.main import main


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["train", *arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def small(folder: Path) -> list[str]:
    given = ["encoder", "--config", "tiny", "--out", str(folder / "run"), "--workers", "0"]
    for change in ("data.per_dataset=2", "data.held_out=0", "run.steps=1", "run.batch=1"):
        given += ["--set", change]
    return given


def test_one_process_of_several_speaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(*small(tmp_path), "--json", "--quiet", "--seed", "3") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["finished"], told["skipped"]) == (1, True, 0)
    assert "seed = 3\n" in (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    train = recipes.training.train_network

    def follower(*given: Any, **options: Any) -> Any:
        return dataclasses.replace(train(*given, **options), is_main_process=False)

    monkeypatch.setattr(recipes.training, "train_network", follower)
    assert call(*small(tmp_path), "--json", "--quiet", "--seed", "3", "--resume") == 0
    assert capsys.readouterr().out == ""


def test_changes_are_key_and_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*small(tmp_path), "--set", "run.steps") == 2
    assert "--set takes KEY=VALUE" in capsys.readouterr().err
    assert call(*small(tmp_path), "--set", "run.stps=1") == 1
    assert "did you mean 'run.steps'" in capsys.readouterr().err


def test_a_standing_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.csv").touch()
    assert call(*small(tmp_path)) == 1
    assert "add --resume" in capsys.readouterr().err
