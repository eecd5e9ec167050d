"""``evaluate``: restored images against their targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, progress_bar

if TYPE_CHECKING:
    from rainmer_analysis.recipes.restoration import Evaluation

__all__ = ["evaluate"]

_UNITS = {"psnr": " dB", "rainmer_psnr": " dB"}


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--pair",
    multiple=True,
    metavar="PATTERN",
    help="How names correspond if not equal: 'RESULT -> TARGET', as in '*_s*_a* -> *'.",
)
@click.option(
    "--out",
    default=None,
    metavar="FILE.csv",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Table to write, one row an image.",
)
@common_options
def evaluate(
    common: CommonOptions, result: Path, target: Path, pair: tuple[str, ...], out: Path | None
) -> None:
    """Measure the images of RESULT against those of TARGET: PSNR and SSIM on luma.

    Both are folders, whose images are partners by equal names or stems, or single images. psnr
    and ssim are those of the deraining literature (MATLAB's luma, rounded to 8 bits); rainmer_psnr
    and rainmer_ssim those of Rainmer's published code, which shrinks images before SSIM. Images
    without partner or of another size are named and count in no mean.
    """
    from rainmer_analysis.recipes.restoration import evaluate as evaluate_files
    from rainmer_analysis.values import to_json_types

    with progress_bar(common, "image") as progress:
        done = evaluate_files(
            result,
            target,
            pair=pair or None,
            out=out,
            overwrite=common.overwrite,
            progress=progress,
        )
    state = "up to date" if done.up_to_date else "written"
    if out is not None:
        common.note(f"{out}: {state}")
    document = {**done.document(), "out": out and str(out), "state": state if out else None}
    files = {
        name: (account, numbers)
        for name, account, numbers in zip(
            (str(result), str(target)), done.accounts, _counts(done), strict=False
        )
    }
    document["files"] = {
        name: account.document(**numbers) for name, (account, numbers) in files.items()
    }
    common.result(to_json_types(document), _evaluation_text(done))
    for name, (account, numbers) in files.items():
        common.note(account.sentence(name, **numbers))


def _counts(done: Evaluation) -> list[dict[str, int]]:
    """Count how many results, and how many targets, were compared and left out."""
    used = len(done.good), len({each.target for each in done.good})
    return (
        [
            {"used": count, "left_out": account.images - count}
            for count, account in zip(used, done.accounts, strict=True)
        ]
        if done.accounts
        else []
    )


def _evaluation_text(done: Evaluation) -> str:
    lines = [f"mean of {len(done.good)} image{'s' if len(done.good) != 1 else ''}"]
    lines += [f"{name}: {value:.4f}{_UNITS.get(name, '')}" for name, value in done.means.items()]
    if done.left_out:
        lines.append(f"left out: {len(done.left_out)}")
        lines += [f"  {each.name}: {each.reason}" for each in done.left_out]
    return "\n".join(lines)
