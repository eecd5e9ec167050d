"""``datasets check``: what is on disk, with its faults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.terminal.text_tables import align_columns, printable

if TYPE_CHECKING:
    from rainmer_analysis.recipes.datasets.check_report import CheckReport, DatasetSummary

__all__ = ["check_folders"]

_SHOWN = 20  # findings of a dataset in the printed report; --json has all


@click.command("check")
@options.source_options
@click.option(
    "--suggest", is_flag=True, help="Print a manifest for the known layout of a FOLDER instead."
)
@click.option(
    "--list",
    "names",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with a published list, one image a line.",
)
@click.option("--headers-only", is_flag=True, help="Read sizes only; truncated files go unnoticed.")
@options.workers_option(2)
@common_options
def check_folders(
    common: CommonOptions,
    sources: tuple[str, ...],
    *,
    suggest: bool,
    headers_only: bool,
    **values: Any,
) -> None:
    """Count images and pairs of SOURCE..., with their sizes and faults.

    A SOURCE is NAME=FOLDER, a manifest FILE.toml, or with --root a name of the catalogue; with
    --suggest it is one FOLDER.
    """
    if suggest:
        _print_suggested_manifest(common, sources)
        return
    from rainmer_analysis.recipes.datasets.check_datasets import check_datasets

    with common.progress_bar("file") as progress:
        report = check_datasets(sources, decode=not headers_only, progress=progress, **values)
    common.print_result(report.document(), _check_text(report))
    for name, each in report.datasets.items():
        numbers = {"used": each.readable, "left_out": each.images - each.readable}
        common.print_note(printable(each.account.sentence(name, **numbers)))


def _print_suggested_manifest(common: CommonOptions, sources: tuple[str, ...]) -> None:
    from rainmer_analysis.recipes.datasets.suggest_manifest import suggest_manifest

    if len(sources) != 1:
        raise click.UsageError("--suggest looks at one FOLDER; give one")
    folder = sources[0] if Path(sources[0]).is_dir() else sources[0].partition("=")[2] or sources[0]
    suggested = suggest_manifest(folder)
    common.print_result(suggested.document(), suggested.to_toml())


def _check_text(report: CheckReport) -> str:
    header = ["dataset", "images", "readable", "pairs", "smallest", "largest", "findings"]
    counts = {
        name: sum(each.dataset == name for each in report.findings) for name in report.datasets
    }
    rows = [
        _dataset_summary_cells(name, each, counts[name]) for name, each in report.datasets.items()
    ]
    lines = [align_columns([header, *rows])]
    for name, summary in report.datasets.items():
        found = [each for each in report.findings if each.dataset == name]
        lines += [f"{printable(name)}: {printable(note)}" for note in summary.notes]
        lines += [
            f"{each.finding}: {printable(each.image_id)}: {printable(each.detail)}"
            for each in found[:_SHOWN]
        ]
        if len(found) > _SHOWN:
            rest = len(found) - _SHOWN
            lines.append(f"{printable(name)}: {rest:,} more findings; --json has all")
    if report.comparison is not None:
        lines += _list_comparison_lines(report)
    return "\n".join(lines)


def _list_comparison_lines(report: CheckReport) -> list[str]:
    """Say how the images agree with a list, with the first examples."""
    compared = report.comparison
    assert compared is not None
    images = sum(each.images for each in report.datasets.values())
    lines = [
        f"{printable(str(compared.path))}: {compared.lines:,} lines, of which "
        f"{len(compared.missing):,} name no image that is here; {images:,} images, of which "
        f"{len(compared.unlisted):,} are not listed"
    ]
    if compared.several:
        lines[0] += f"; {len(compared.several):,} lines may mean several images"
    for kind, names in (
        ("listed but missing", compared.missing),
        ("listed for several images", compared.several),
        ("not listed", compared.unlisted),
    ):
        lines += [f"{kind}: {printable(name)}" for name in names[:_SHOWN]]
        lines += [f"{kind}: {len(names) - _SHOWN:,} more"] if len(names) > _SHOWN else []
    return lines


def _dataset_summary_cells(name: str, summary: DatasetSummary, findings: int) -> list[str]:
    sizes = [
        "-" if size is None else f"{size[0]}x{size[1]}"
        for size in (summary.smallest, summary.largest)
    ]
    pairs = "-" if summary.pairs is None else str(summary.pairs)
    counts = [str(summary.images), str(summary.readable)]
    return [printable(name), *counts, pairs, *sizes, str(findings)]
