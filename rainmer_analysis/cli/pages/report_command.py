"""``report``: folders or tables to one page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli.options import (
    CommonOptions,
    common_options,
    device_option,
    out_file,
    per_dataset_option,
    precision_option,
    progress_bar,
)

if TYPE_CHECKING:
    from rainmer_analysis.recipes.report import Report

__all__ = ["report"]


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE|TABLE...")
@out_file("Page to write; FILE_files beside it keeps everything in between.", metavar="FILE.html")
@click.option(
    "--root",
    type=click.Path(file_okay=False),
    default=None,
    help="Folder that holds the paper's datasets; then catalogue names are sources too.",
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    default=("rainmer", "airnet"),
    show_default=True,
    metavar="NAME",
    help="Whose spaces are shown; may be given several times.",
)
@click.option(
    "--weights",
    default=None,
    metavar="FILE|NAME",
    help="A file of weights, or the shipped derain (default) or allweather.",
)
@per_dataset_option(500)
@click.option(
    "--resamples",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    metavar="N",
    help="Resamples of scenes behind the intervals.",
)
@click.option(
    "--null",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    metavar="N",
    help="Permutations of scenes behind the tests.",
)
@click.option(
    "--neighbors",
    default=50,
    show_default=True,
    metavar="N",
    help="Images that an image is held near to on a map.",
)
@click.option(
    "--audit",
    type=click.Path(dir_okay=False),
    default=None,
    metavar="FILE.json",
    help="Show the findings of this audit of the same datasets [default: folders are audited].",
)
@click.option(
    "--no-audit",
    "with_audit",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Show no findings.",
)
@device_option
@precision_option
@common_options
def report(common: CommonOptions, sources: tuple[str, ...], out: Path, **options: Any) -> None:
    """Make one page of SOURCE..., or of TABLE... of the same images.

    A globe and maps to turn, with thumbnails and nearest images; matrices with intervals and
    tests; the images that stick out; methods in words. It is one file that needs no network.

    \b
    Examples:
      rainmer-analysis report heavy=photos/heavy night=photos/night --out report.html
      rainmer-analysis report tables/rainmer-chromatic.parquet --out report.html
    """  # noqa: D301
    from rainmer_analysis.values import demand_weights_file

    for encoder in options["encoders"]:
        demand_weights_file(options["weights"], encoder=encoder)
    # torch and matplotlib wait until there is work, so that --help does not
    from rainmer_analysis.recipes.report import ReportOptions
    from rainmer_analysis.recipes.report import report as make

    chosen = ReportOptions(**options, seed=common.seed, overwrite=common.overwrite)
    command = shlex.join(["rainmer-analysis", "report", *sources, "--out", out.name])
    with progress_bar(common, "image") as progress:
        done = make(list(sources), out, options=chosen, command=command, progress=progress)
    common.result(*_report_document_and_text(done))


def _report_document_and_text(done: Report) -> tuple[dict[str, Any], str]:
    content = done.content
    state = "up to date" if done.up_to_date else "written"
    size = done.path.stat().st_size
    document = {
        "kind": "report",
        "out": str(done.path),
        "state": state,
        "bytes": size,
        "kept": str(done.kept),
        "datasets": {each.name: each.images for each in content.datasets},
        "spaces": [panel.name for panel in content.panels],
        "outliers": len(content.outliers),
        "skipped": [{"image_id": name, "reason": reason} for name, reason in content.skipped],
    }
    lines = [
        f"{done.path}: {state}, {len(content.rows)} images of {len(content.datasets)} dataset(s) "
        f"in {len(content.panels)} space(s), {size / 1e6:.1f} MB",
        f"images that stick out: {len(content.outliers)}; left out: {len(content.skipped)}",
        f"everything in between is kept in {done.kept}",
    ]
    return document, "\n".join(lines)
