"""What the pages show: blocks of code with their language, command by command."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import click

from rainmer_analysis.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", *sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md")))
PROGRAM = "rainmer-analysis"

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_OPERATORS = {">", "|", "&&"}
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text, without what it is indented by."""

    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page in their order."""
    found = _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    return [
        Block(language, "".join(line[len(indent) :] for line in text.splitlines(keepends=True)))
        for indent, language, text in found
    ]


def command_lines(block: Block) -> list[str]:
    """Return the commands of a `bash` block, each on one line and without its comment."""
    joined = block.text.replace("\\\n", " ")
    words = (shlex.split(line, comments=True) for line in joined.splitlines())
    return [" ".join(map(_quote, each)) for each in words if each]


def _quote(word: str) -> str:
    """Return a word as a shell reads it, where operators stay what they are."""
    return word if word in _OPERATORS else shlex.quote(word)


def inline_commands(page: str) -> list[list[str]]:
    """Return the command lines in running text, as words; those of one word name a command."""
    text = _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
    spans = (span.replace("\n", " ") for span in _SPAN.findall(text))
    return [span.split() for span in spans if span.startswith((f"{PROGRAM} ", "python -m bench"))]


def find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and the words after its name."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        command, words = found, words[1:]
    return command, words


def unknown_options(words: list[str]) -> list[str]:
    """Return the options in a command line that its command does not have."""
    command, rest = find_command(words)
    known = {"--help"} | {
        name for each in command.params for name in (*each.opts, *each.secondary_opts)
    }
    return [word for word in rest if word.startswith("--") and word.split("=")[0] not in known]


def parse(words: list[str]) -> None:
    """Parse a command line as click does before it calls the command."""
    command, rest = find_command(words)
    command.make_context(PROGRAM, rest)
