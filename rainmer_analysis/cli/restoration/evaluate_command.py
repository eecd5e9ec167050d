"""``evaluate``: restored images against their targets."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, path_option, text_option

if TYPE_CHECKING:
    from rainmer_analysis.recipes.restoration import Evaluation

__all__ = ["evaluate"]

_WIDTH = 96  # of the table, whatever the terminal's


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@text_option(
    "--pair",
    "How names correspond if not equal: 'RESULT -> TARGET', as in '*_s*_a* -> *'.",
    metavar="PATTERN",
    multiple=True,
)
@click.option(
    "--crop-border",
    "border",
    default=0,
    show_default=True,
    help="Pixels left out at every side, as in super-resolution.",
)
@path_option("--out", "FILE.csv", "Table to write, one row an image.")
@common_options
def evaluate(
    common: CommonOptions,
    result: Path,
    target: Path,
    pair: tuple[str, ...],
    border: int,
    out: Path | None,
) -> None:
    """Measure the images of RESULT against those of TARGET: PSNR and SSIM by every protocol.

    Both are folders, whose images are partners by equal names or stems, or single images. Papers
    compute these numbers in different ways, which the table puts side by side with a word on who
    uses them; deraining papers are compared by the first row, matlab-y. Images without partner or
    of another size are named and count in no mean.
    """
    from rainmer_analysis.recipes.restoration import evaluate as evaluate_files
    from rainmer_analysis.values import to_json_types

    with common.progress_bar("image") as progress:
        done = evaluate_files(
            result,
            target,
            pair=pair or None,
            border=border,
            out=out,
            overwrite=common.overwrite,
            progress=progress,
        )
    state = "up to date" if done.up_to_date else "written"
    if out is not None:
        common.print_note(f"{out}: {state}")
    document = {**done.document(), "out": out and str(out), "state": state if out else None}
    files = {
        name: (account, numbers)
        for name, account, numbers in zip(
            (str(result), str(target)), done.accounts, _count_used_and_left_out(done), strict=False
        )
    }
    document["files"] = {
        name: account.document(**numbers) for name, (account, numbers) in files.items()
    }
    common.print_result(to_json_types(document), _evaluation_text(done))
    for name, (account, numbers) in files.items():
        common.print_note(account.sentence(name, **numbers))


def _count_used_and_left_out(done: Evaluation) -> list[dict[str, int]]:
    """Count how many results, and how many targets, were compared and left out."""
    used = len(done.compared_images), len({each.target for each in done.compared_images})
    return (
        [
            {"used": count, "left_out": account.images - count}
            for count, account in zip(used, done.accounts, strict=True)
        ]
        if done.accounts
        else []
    )


def _evaluation_text(done: Evaluation) -> str:
    from rainmer_analysis.images.psnr_ssim_protocols import PROTOCOLS

    border = f", {done.border} pixels left out at every side" if done.border else ""
    count = len(done.compared_images)
    lines = [
        f"mean of {count} image{'s' if count != 1 else ''}{border}",
        "",
    ]
    lines.append(f"{'protocol':<18}{'PSNR (dB)':>10}{'SSIM':>9}  what is compared, and where")
    for name, found in done.protocol_means.items():
        protocol = PROTOCOLS[name]
        lead = f"{name:<18}{found.psnr:>10.4f}{found.ssim:>9.4f}  "
        lines += textwrap.wrap(
            f"{protocol.channels}. {protocol.used}",
            _WIDTH,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
        )
    if done.left_out_images:
        lines.append(f"left out: {len(done.left_out_images)}")
        lines += [f"  {each.name}: {each.reason}" for each in done.left_out_images]
    return "\n".join(lines)
