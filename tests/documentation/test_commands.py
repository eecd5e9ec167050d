"""Every command line that README and the documentation show is executed, page by page.

What cannot be executed here is listed in `NOT_RUN`, with the reason; its options and values are
parsed all the same. Images are small ones that bear the names which the pages use.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from unittest import mock

import click
import pytest

from rainmer_analysis.cli.main import cli, main
from rainmer_analysis.kernels.kernel_switch import KERNELS
from tests.documentation.pages import (
    PAGES,
    PROGRAM,
    ROOT,
    Block,
    blocks,
    command_lines,
    inline_commands,
    parse,
    unknown_options,
)
from tests.documentation.workspace import make_images

NOT_RUN = {
    "make": "tests and figures: minutes; that the target exists is checked",
    "python3 -m venv": "makes an environment",
    "source": "enters an environment",
    "pip": "installs packages",
    "torchrun": "starts processes; tests/infer/distributed runs them",
    f"{PROGRAM} reproduce": "all figures: minutes; tests/recipes/paper runs it on less",
    f"{PROGRAM} train": "hours; tests/recipes/test_training.py trains for a few steps",
    f"{PROGRAM} probe --encoder rainmer": "20 untrained networks: hours; another page runs less",
    f"{PROGRAM} datasets check Rain200H": "needs the paper's datasets",
    f"{PROGRAM} extract heavy=photos/heavy night=photos/night --encoder mine": "another package's",
    f"{PROGRAM} relate tables/mine-features.parquet": "needs that package's table",
    f"{PROGRAM} datasets simulate --out simulated --per-dataset 120": "1,080 pairs: minutes",
    f"{PROGRAM} project tables/rainmer-degradation.parquet --out published.parquet": (
        "umap-learn compiles for 12 s; tests/sphere/test_project_table.py runs it"
    ),
}
# What stands for a folder or a number that a page names.
INSTEAD = {
    "/path/to/DATA": "DATA",
    "--out simulated --per-dataset 12": "--out made --per-dataset 1",
    "--size 500": "--size 4",
    "--encoder rainmer --encoder statistics": "--encoder statistics",
}
# What is added to a command, so that it does the same on less.
ADDED = {
    "report": ("--encoder", "statistics", "--resamples", "20", "--null", "19"),
    "confounds": ("--per-dataset", "4"),
}
# What a page takes for granted because another one made it.
_RAINMER = "extract heavy=photos/heavy night=photos/night --out tables"
BEFORE = {
    "docs/maps.md": (_RAINMER,),
    "docs/scale.md": (_RAINMER,),
    "docs/reference/files.md": (_RAINMER,),
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation") / "images"
    folder.mkdir()
    make_images(folder)
    return folder


@pytest.fixture
def workspace(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for each in images.iterdir():
        (tmp_path / each.name).symlink_to(each)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_not_run(line: str) -> bool:
    return any(line.startswith(f"{start} ") or line == start for start in NOT_RUN)


def check_what_is_not_run(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        targets = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", targets, re.MULTILINE), line
    elif "rainmer_analysis" in words:
        parse(words[words.index("rainmer_analysis") + 1 :])
    elif words[0] == PROGRAM:
        parse(words[1:])


def run(line: str, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run one line: a command of ours in this process, another one in a shell."""
    for shown, small in INSTEAD.items():
        line = re.sub(rf"{re.escape(shown)}(?!\d)", small, line)
    if is_not_run(line):
        check_what_is_not_run(line)
        return
    words = shlex.split(line)
    if words[0] != PROGRAM:
        code = subprocess.run(["bash", "-ec", line], check=False).returncode
    else:
        # compiling the restorer's loops takes longer than they save on small images
        loops = {KERNELS: "torch"} if words[1] == "derain" else {}
        with mock.patch.dict(os.environ, loops), pytest.raises(SystemExit) as left:
            main([*words[1:], *ADDED.get(words[1], ())])
        code = left.value.code
    told = capsys.readouterr()
    assert code == 0, f"{page} shows a command that ends with {code}: {line}\n{told.err}"


def execute(block: Block, page: str, names: dict[str, object]) -> None:
    """Run or parse a block that holds no command lines."""
    if block.language == "python":
        exec(compile(block.text, page, "exec"), names)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "json":
        json.loads(block.text)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)])
@pytest.mark.usefixtures("workspace")
def test_what_a_page_shows_runs(
    page: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for arguments in BEFORE.get(page, ()):
        run(f"{PROGRAM} {arguments}", page, capsys)
    if page == "docs/scale.md":  # a table as the processes of torchrun leave it
        parts = Path("tables/rainmer-chromatic")
        parts.mkdir()
        Path(f"{parts}.parquet").rename(parts / "part-00000.parquet")
    names: dict[str, object] = {}
    for block in blocks(page):
        if block.language != "bash":
            execute(block, page, names)
            continue
        for line in command_lines(block):
            run(line, page, capsys)


@pytest.mark.parametrize("page", PAGES)
def test_what_running_text_names_exists(page: str) -> None:
    for words in inline_commands(page):
        if words[0] == PROGRAM:
            assert unknown_options(words[1:]) == [], f"{page}: {' '.join(words)}"
            continue
        module = ROOT.joinpath(*words[2].split("."))
        assert module.is_dir() or module.with_suffix(".py").is_file(), f"{page}: {words[2]}"


def commands(name: str, command: click.Command) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command)
    below = ((each, command.get_command(context, each)) for each in command.list_commands(context))
    return [pair for each, found in below for pair in commands(f"{name} {each}".strip(), found)]


def test_every_help_ends_with_examples_that_can_be_run() -> None:
    found = commands("", cli)
    assert len(found) > 20
    for name, command in found:
        told = f"{command.help}\n{command.epilog}"
        lines = [line.split() for line in told.splitlines()]
        shown = [words for words in lines if words[:1] == [PROGRAM]]
        assert shown, f"the help of {name} has no example"
        for words in shown:
            assert words[1 : 1 + len(name.split())] == name.split()
            assert unknown_options(words[1:]) == [], words


def test_commands_are_found_in_indented_and_continued_blocks() -> None:
    shown = Block("bash", "rainmer-analysis audit a=b \\\n    --out c.json   # a note\n\n# none\n")
    assert command_lines(shown) == ["rainmer-analysis audit a=b --out c.json"]
    assert command_lines(Block("bash", "ls 'a b' > c # d\n")) == ["ls 'a b' > c"]
    assert [block.language for block in blocks("docs/questions/put-together.md")] == ["bash"] * 5


def test_an_option_that_is_gone_is_noticed() -> None:
    assert unknown_options(["relate", "a.parquet", "--gone", "--out", "b"]) == ["--gone"]
    with pytest.raises(AssertionError, match="no command 'gone'"):
        unknown_options(["gone"])
    with pytest.raises(Exception, match="No such option"):
        parse(["relate", "a.parquet", "--gone", "1"])
