"""What holds for every command: help, exit codes, where words go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.main import cli, main
from rainmer_analysis.cli.options import CommonOptions
from rainmer_analysis.cli.terminal import progress as progress_module
from rainmer_analysis.cli.terminal.print_and_log import echo
from tests.forked import ForkedPythons

HEAVY = {"torch", "umap", "matplotlib", "pandas", "pyarrow", "sklearn"}
PAGES = [
    *([name] for name in ("reproduce", "extract", "project", "relate", "figure")),
    *(["plot", name] for name in ("map", "matrix")),
    *(["datasets", name] for name in ("list", "check", "simulate")),
    *(["train", name] for name in ("encoder", "airnet")),
    *([name] for name in ("describe", "balance")),
]


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    shown = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, shown.out, shown.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "images"
    place.mkdir()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(place / "1.png")
    return place


def test_every_page_of_help_waits_for_nothing_heavy() -> None:
    code = (
        "import sys, json\n"
        "from rainmer_analysis.cli.main import main\n"
        "for page in json.loads(sys.argv[1]):\n"
        "    try:\n"
        "        main([*page, '--help'])\n"
        "    except SystemExit as left:\n"
        "        assert left.code == 0, page\n"
        f"loaded = {sorted(HEAVY)!r}\n"
        "print(json.dumps([name for name in loaded if name in sys.modules]), file=sys.stderr)\n"
    )
    asked = [sys.executable, "-c", code, json.dumps([[], *PAGES])]
    found = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert found.stdout.count("Usage: rainmer-analysis") == len(PAGES) + 1
    assert json.loads(found.stderr) == []


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_every_command_that_computes_shares_its_options(page: list[str]) -> None:
    command: click.Command = cli
    for name in page:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= {"--seed", "--json", "--quiet", "--overwrite", "--debug"}
    (seed,) = (parameter for parameter in command.params if parameter.name == "seed")
    assert seed.default == 42


def test_wrong_usage_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["nothing"], ["relate"], ["figure", "4"], ["extract", "--colour"]):
        code, out, err = _run(capsys, *arguments)
        assert (code, out) == (2, "")
        assert "Usage: rainmer-analysis" in err


def test_a_place_that_cannot_be_written_is_one_sentence(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    out = folder / "1.png" / "out"
    code, said, err = _run(
        capsys, "extract", f"a={folder}", "--encoder", "statistics", "--out", str(out), "--quiet"
    )
    assert (code, said) == (1, "")
    (told,) = err.strip().splitlines()  # quiet: no note beside it
    assert told.startswith(f"error: {folder / '1.png'}")
    assert told.endswith("check that it can be read or written, or name another place")
    assert "Traceback" not in err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_no_memory_and_no_threads_are_one_sentence(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", fail)
    code, _, told = _run(capsys, "relate")
    assert code == 1
    assert told.startswith("error: this process gets no more memory or threads (")
    assert told.count("\n") == 1


def test_a_fault_of_this_program_shows_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(RuntimeError, match="something else"):
        main(["relate"])


def test_debug_shows_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["relate", str(tmp_path / "none.parquet"), "--out", str(tmp_path / "m.json")]
    assert _run(capsys, *asked)[0] == 1
    with pytest.raises(Exception, match="there is no file"):
        main([*asked, "--debug"])


def test_names_that_are_not_utf8_are_named_with_an_escape(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png"))
    odd.write_bytes((folder / "1.png").read_bytes())
    asked = ("extract", f"a={folder}", "--encoder", "statistics", "--out", str(tmp_path / "out"))
    code, out, err = _run(capsys, *asked, "--strict")
    assert (code, out) == (1, "")
    assert "udcff.png" in err
    assert "rename it" in err
    assert "udcff.png" in (tmp_path / "out" / "skipped.csv").read_text(encoding="utf-8")
    code, out, _ = _run(capsys, "datasets", "check", f"a={folder}", "--json")
    assert code == 0
    (finding,) = json.loads(out)["findings"]
    assert finding["image_id"] == "a/\udcff.png"


def test_json_holds_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    CommonOptions(seed=1, as_json=True, quiet=True, overwrite=False).print_result(
        {"a": float("nan")}, ""
    )
    assert json.loads(capsys.readouterr().out) == {"a": None}
    echo("a\udcffb")
    assert capsys.readouterr().out == "a\\udcffb\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_keeps_what_was_finished(
    folder: Path, forked: ForkedPythons, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for index in range(12):
        Image.fromarray(pixels).save(folder / f"more-{index}.png")
    program = (
        "import os, signal, sys\n"
        # whoever starts the tests in the background has it ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import rainmer_analysis.infer.extraction.stream_encoded_images as stream\n"
        "from rainmer_analysis.cli.main import main\n"
        "inner, seen = stream._encode_batch, []\n"
        "def encode(batch, encoder):\n"
        "    seen.append(batch)\n"
        "    if len(seen) == 3:\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "    return inner(batch, encoder)\n"
        "stream._encode_batch = encode\n"
        "main(sys.argv[1:])\n"
    )
    out = tmp_path / "out"
    asked = ["extract", f"a={folder}", "--encoder", "statistics", "--out", str(out)]
    asked += ["--batch-size", "2", "--workers", "1"]
    stopped = forked.run("-c", program, *asked)
    assert stopped.code == code
    assert stopped.out == ""
    assert "what was finished is kept" in stopped.err
    assert "Traceback" not in stopped.err
    assert list(out.glob(".extract-*/*.npz"))
    again = forked.run("-m", "rainmer_analysis", *asked)
    assert again.code == 0
    assert "4 of 13 images were finished before" in again.err
    assert not list(out.glob(".extract-*"))


def test_the_handler_of_the_caller_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_progress_in_a_log_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 10.0, 40.0, 50.0, 70.0, 100.0, 200.0])
    monkeypatch.setattr(progress_module, "monotonic", clock.__next__)
    common = CommonOptions(seed=0, as_json=False, quiet=False, overwrite=False)
    with common.progress_bar("image") as progress:
        for finished in (4, 5, 8, 9, 11, 11):
            progress(finished, 84)
        progress(0, 9)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "8 of 84 images, 0.1 a second, 12:40 left",
        "11 of 84 images, 0.1 a second, 12:10 left",
        "11 of 84 images, 0.07 a second, 17:22 left",
    ]
    quiet = CommonOptions(seed=0, as_json=False, quiet=True, overwrite=False)
    monkeypatch.setattr(progress_module, "monotonic", iter([0.0, 60.0]).__next__)
    with quiet.progress_bar("image") as progress:
        progress(0, 2)
        progress(1, 2)
    assert capsys.readouterr().err == ""
