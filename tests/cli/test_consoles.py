"""Consoles of any encoding, and a command line that is called from a thread."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.main import main
from rainmer_analysis.cli.options import CommonOptions
from rainmer_analysis.cli.terminal import progress as progress_module
from rainmer_analysis.values import report_progress
from tests.forked import ForkedPythons

NAME = "雪☔é"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / NAME
    place.mkdir()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(place / "1.png")
    return place


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("gbk", r"雪\u2614é"),
        ("latin-1", r"\u96ea\u2614é"),
        ("ascii", r"\u96ea\u2614\xe9"),
        ("utf-8", NAME),
    ],
)
def test_what_a_console_cannot_show_is_escaped(
    folder: Path, forked: ForkedPythons, encoding: str, shown: str
) -> None:
    asked = ["-m", "rainmer_analysis", "datasets", "check", f"{NAME}={folder}"]
    found = forked.run(*asked, environment={"PYTHONIOENCODING": encoding}, encoding=encoding)
    assert (found.code, "Traceback" in found.err) == (0, False)
    assert shown in found.out


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_json_is_utf8_on_every_console(folder: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "rainmer_analysis", "datasets", "check", f"{NAME}={folder}"]
    told = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    found = subprocess.run([*command, "--json"], capture_output=True, env=os.environ | told)
    assert found.returncode == 0
    document = found.stdout.decode("utf-8")
    assert NAME in document
    json.loads(document)


def test_pages_of_help_are_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    for page in ([], ["extract"], ["relate"], ["plot", "map"], ["datasets", "check"], ["derain"]):
        with pytest.raises(SystemExit):
            main([*page, "--help"])
    assert capsys.readouterr().out.isascii()


def test_a_stream_of_text_alone_gets_the_document(folder: Path) -> None:
    with redirect_stdout(io.StringIO()) as shown, pytest.raises(SystemExit) as left:
        main(["datasets", "check", f"{NAME}={folder}", "--json", "--quiet"])
    assert left.value.code == 0
    assert NAME in json.dumps(json.loads(shown.getvalue()), ensure_ascii=False)


def test_the_command_line_can_be_called_from_a_thread(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[object] = []

    def call(*arguments: str) -> None:
        try:
            main(list(arguments))
        except SystemExit as left:
            codes.append(left.code)

    for arguments in (
        ["datasets", "check", f"a={folder}"],
        ["relate", "nothing.parquet", "--out", "m.csv"],
    ):
        thread = threading.Thread(target=call, args=arguments)
        thread.start()
        thread.join()
    assert codes == [0, 1]
    assert "there is no file nothing.parquet" in capsys.readouterr().err


@pytest.mark.parametrize("name", [None, "NO_COLOR", "FORCE_COLOR"])
def test_nothing_is_coloured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str | None
) -> None:
    for each in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(each, raising=False)
    if name is not None:
        monkeypatch.setenv(name, "1")
    for asked in (
        ["--help"],
        ["relate", "--help"],
        ["relate", "none.parquet"],
        ["datasets", "list"],
    ):
        with pytest.raises(SystemExit):
            main(asked)
        assert "\x1b" not in "".join(capsys.readouterr())


def test_a_bar_shows_units_of_what_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "_SECONDS_UNTIL_BAR", 0)
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", screen)
    common = CommonOptions(seed=1, as_json=False, quiet=False, overwrite=False)
    with common.progress_bar("image") as progress:
        progress(1, 4)
        for finished in (50, 60):
            time.sleep(0.15)  # a bar is drawn ten times a second at most
            report_progress(finished, 100, "epoch")
    shown = screen.getvalue()
    assert "60/100" in shown
    assert " epochs/s" in shown
    assert "\x1b[3" not in shown  # no colour
