"""``report``: folders or tables to one page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

if TYPE_CHECKING:
    from rainmer_analysis.recipes.report import Report

__all__ = ["report"]


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE|TABLE...")
@options.out_file_option(
    "Page to write; FILE_files beside it keeps everything in between.", metavar="FILE.html"
)
@options.root_option
@options.text_option(
    "--encoder",
    "Whose spaces are shown; may be given several times.",
    dest="encoders",
    multiple=True,
    default=("rainmer", "airnet"),
)
@options.weights_option
@options.per_dataset_option(500)
@options.count_option("--resamples", 1000, "Resamples of scenes behind the intervals.", least=0)
@options.count_option("--null", 1000, "Permutations of scenes behind the tests.", least=0)
@options.count_option(
    "--neighbors", 50, "Images that an image is held near to on a map.", least=None
)
@click.option(
    "--audit",
    type=click.Path(dir_okay=False),
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
@options.device_option
@options.precision_option
@common_options
def report(common: CommonOptions, sources: tuple[str, ...], out: Path, **values: Any) -> None:
    """Make one page of SOURCE..., or of TABLE... of the same images.

    A globe and maps to turn, with thumbnails and nearest images; matrices with intervals and
    tests; the images that stick out; methods in words. It is one file that needs no network.
    """
    from rainmer_analysis.values import refuse_existing_non_weights

    for encoder in values["encoders"]:
        refuse_existing_non_weights(values["weights"], encoder=encoder)
    # torch and matplotlib wait until there is work, so that --help does not
    from rainmer_analysis.recipes.report import ReportOptions
    from rainmer_analysis.recipes.report import report as make

    chosen = ReportOptions(**values, seed=common.seed, overwrite=common.overwrite)
    command = shlex.join(["rainmer-analysis", "report", *sources, "--out", out.name])
    with common.progress_bar("image") as progress:
        done = make(list(sources), out, options=chosen, command=command, progress=progress)
    common.print_result(*_report_document_and_text(done))


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
