from __future__ import annotations

import json
from pathlib import Path

import pytest

from rainmer_analysis.cli.main import main
from rainmer_analysis.draw import plot_probe
from rainmer_analysis.errors import ParameterError

TINY = ["--split", "train", "--scenes", "3", "--draws", "2", "--side", "16", "--device", "cpu"]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a probe of one encoder and one untrained network."""
    made = tmp_path_factory.mktemp("probe")
    out = str(made / "p.json")
    assert run("probe", "--encoder", "statistics", "--controls", "1", "--out", out, *TINY) == 0
    return made


def test_prints_tables_and_draws(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["probe", "--encoder", "statistics", "--controls", "1", *TINY]
    assert run(*arguments, "--out", str(folder / "p.json")) == 0
    shown = capsys.readouterr()
    assert "up to date" in shown.err
    document = json.loads((folder / "p.json").read_text(encoding="utf-8"))
    lines = shown.out.splitlines()
    header = next(line for line in lines if line.startswith("shares of variance"))
    assert header.split()[3:] == ["scene", "weather", "level", "interaction", "weather/scene"]
    own = lines[lines.index(header) + 1]
    assert f"{document['variance']['scene']:.2f}" in own
    assert "  untrained, 1 seed " in shown.out
    assert "WHAT EACH VIEW SEES" in shown.out
    assert max(map(len, lines)) < 120
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "p.provenance.json").is_file()


def test_json_is_the_document_and_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["probe", "--encoder", "statistics", "--controls", "1", *TINY, "--json", "--quiet"]
    assert run(*arguments, "--out", str(folder / "p.json")) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads((folder / "p.json").read_text(encoding="utf-8"))
    assert shown.err == ""


def test_another_request_does_not_replace_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["probe", "--encoder", "statistics", "--controls", "0", *TINY]
    assert run(*arguments, "--out", str(folder / "p.json"), "--seed", "7") == 1
    assert "--overwrite" in capsys.readouterr().err


def test_the_picture_names_its_artists(folder: Path) -> None:
    document = json.loads((folder / "p.json").read_text(encoding="utf-8"))
    drawing = plot_probe(document)
    bar = drawing.artists["variance"]["0/scene"]
    assert bar.get_width() == pytest.approx(document["variance"]["scene"])
    line = drawing.artists["ladder/1/rain"]["mean"]
    assert line.get_ydata() == pytest.approx(document["spaces"][1]["ladders"]["rain"]["positions"])
    assert "untrained" in drawing.artists["ladder/0/veil"]
    chance = drawing.artists["neighbours/kind"]["chance"].get_xdata()[0]
    assert chance == pytest.approx(document["neighbours"]["kind"]["chance"])


def test_another_document_is_not_drawn() -> None:
    with pytest.raises(ParameterError, match="'matrix' came to be drawn"):
        plot_probe({"kind": "matrix"})


def test_wrong_weights_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["probe", "--weights", "absent.safetensors", *TINY]
    assert run(*arguments, "--out", str(tmp_path / "p.json")) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: there is no file of weights")
    assert not list(tmp_path.iterdir())
