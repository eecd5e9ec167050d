"""``verify``: whether a picture is what it says it is."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.terminal.print_and_log import echo
from rainmer_analysis.errors import FileFormatError

if TYPE_CHECKING:
    from rainmer_analysis.recipes.verify import Verification

__all__ = ["verify"]

_DIFFERS, _NO_RECORD = 1, 2
_WIDTH = 100


@click.command()
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--against",
    multiple=True,
    metavar="FOLDER|FILE",
    type=click.Path(exists=True, path_type=Path),
    help="Where tables, maps, matrices, weights and images lie; may be given several times.",
)
@common_options
@click.pass_context
def verify(
    ctx: click.Context, common: CommonOptions, picture: Path, against: tuple[Path, ...]
) -> None:
    """Recompute what PICTURE shows from what it says it was made of.

    A PICTURE is a .png, .pdf or .svg that a command wrote. Its record is compared with its own
    digest and with what is drawn; inputs are found by content, matrices computed anew from their
    tables, and the picture is drawn anew. Ends with 0 if all agrees, with 1 if something differs,
    and with 2 if the file carries no record.
    """
    # torch and matplotlib wait until there is work, so that --help does not
    from rainmer_analysis.recipes.verify import verify as recipe

    try:
        with common.progress_bar("file"):
            found = recipe(picture, against or None)
    except FileFormatError as error:
        echo(f"error: {error}", err=True)
        ctx.exit(_NO_RECORD)
    for path, reason in found.passed_over.items():
        common.print_note(f"passed over: {path}: {reason}")
    common.print_result(found.document(), _verification_text(found, given=bool(against)))
    ctx.exit(0 if found.agrees else _DIFFERS)


def _verification_text(found: Verification, *, given: bool) -> str:
    verdict = "agrees" if found.agrees else "DIFFERS"
    lines = [f"{found.path}: {verdict}"]
    shown = [check for check in found.checks if given or check.outcome != "not checked"]
    wide = max(len(check.what) for check in shown)
    for check in shown:
        head = f"  {check.outcome:11}  {check.what:{wide}}  "
        lines += textwrap.wrap(
            check.detail,
            _WIDTH,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines.append(f"made by: {_command_and_version_line(found)}")
    if not given:
        lines.append("to recompute its numbers, name what it was made of with --against FOLDER")
    return "\n".join(lines)


def _command_and_version_line(found: Verification) -> str:
    libraries = found.record.get("libraries")
    versions = libraries if isinstance(libraries, dict) else {}
    command = found.record.get("command") or "Drawing.save in Python"
    return f"{command} (rainmer-analysis {versions.get('rainmer-analysis', 'unknown')})"
