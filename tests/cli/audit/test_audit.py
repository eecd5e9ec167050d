"""The commands ``audit``, ``confounds``, ``leakage`` and ``datasets fingerprint``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.audit import confounds_command
from rainmer_analysis.cli.main import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def photograph(number: int) -> np.ndarray:
    coarse = np.random.default_rng(number).uniform(40, 180, (8, 8, 3))
    return np.kron(coarse, np.ones((6, 8, 1))).astype(np.uint8)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Return a folder of a test set, results on it, and a training set that holds half of it."""
    for number in range(4):
        clean = photograph(number)
        parts = [("val/input", 30), ("val/target", 0), ("results", 5)]
        parts += [("train/input", 20), ("train/target", 0)] if number < 2 else []
        for part, more in parts:
            path = tmp_path / part / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(clean + np.uint8(more)).save(path)
    return tmp_path


def asked(world: Path, *more: str) -> list[str]:
    sources = [f"{name}={world / name}" for name in ("val", "train")]
    return ["audit", *sources, "--out", str(world / "audit.json"), *more]


def test_strict_ends_with_one_when_anything_was_found(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*asked(world)) == 0
    shown = capsys.readouterr()
    assert "val and train share 2 scenes" in shown.out
    assert "shared-scene: 2, 2 of them between training and held-out images" in shown.out
    assert run(*asked(world, "--strict")) == 1
    assert "up to date" in capsys.readouterr().err
    sound = ["audit", f"val={world / 'val'}", "--out", str(world / "one.json"), "--strict"]
    assert run(*sound) == 0
    assert "nothing was found" in capsys.readouterr().out


def test_json_is_one_document_and_files_are_written(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, page, lists = (world / name for name in ("clean.toml", "page.html", "lists"))
    more = ["--clean-manifest", str(clean), "--html", str(page), "--lists", str(lists)]
    assert run(*asked(world, *more, "--json", "--quiet")) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["kind"] == "audit"
    assert {each["finding"] for each in document["findings"]} == {"shared-scene"}
    assert all(each["leak"] for each in document["findings"])
    assert document["removed"] == 2
    assert shown.err == ""
    assert page.is_file()
    assert len(list(lists.iterdir())) == 10
    assert run("datasets", "check", str(clean), "--json", "--quiet") == 0
    assert list(json.loads(capsys.readouterr().out)["datasets"]) == ["val"]


def test_known_sets_and_the_price_of_leakage(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = world / "known.json"
    source = f"val={world / 'val'}"
    assert run("datasets", "fingerprint", source, "--out", str(known), "--name", "Official") == 0
    assert capsys.readouterr().out == "Official: 4 images\n"
    assert run(*asked(world, "--known", str(known), "--json", "--quiet")) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {each["set"] for each in found if each["finding"] == "known-set"} == {"Official"}
    results = [str(world / "audit.json"), str(world / "results")]
    assert run("leakage", *results, "--dataset", "val", "--json", "--quiet") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["leaked"] == document["other"] == {"images": 2, "scenes": 2}
    assert run("leakage", *results, "--dataset", "val") == 0
    assert "too few scenes for an interval" in capsys.readouterr().out


def test_domain_errors_are_one_sentence(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", f"val={world / 'val'}", "--out", str(world / "audit.txt")) == 1
    assert capsys.readouterr().err.startswith("error: an audit cannot be written as 'audit.txt'")
    assert run("leakage", str(world / "no.json"), str(world), "--dataset", "val") == 1
    assert "cannot be read as an audit" in capsys.readouterr().err


def test_confounds_say_why_a_share_is_missing() -> None:
    row = {"encoder": "rainmer", "view": "chromatic", "a": "day", "b": "night", "distance": 1.2}
    taken = row | {"confound": "colour", "equalised": 0.6, "share": 0.5, "kept": None}
    missing = row | {"confound": "scenes", "equalised": None, "share": None, "kept": None}
    text = confounds_command._confounds_text({"rows": [taken, missing]})
    assert text.splitlines()[1].split()[-4:] == ["1.2000", "0.6000", "50%", "-"]
    assert text.endswith("minus-clean and scenes need clean partners in both datasets")
    assert "need clean partners" not in confounds_command._confounds_text({"rows": [taken]})
