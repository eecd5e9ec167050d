"""``datasets``: list the catalogue, check what is on disk, simulate the embedded default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, progress_bar, source_options
from rainmer_analysis.cli.properties.image_folders import (
    check_one_folder,
    folder_options,
    write_folder,
)

if TYPE_CHECKING:
    import pandas as pd

    from rainmer_analysis.recipes.datasets.check_report import Check, Summary

__all__ = ["datasets"]

_SHOWN = 20  # findings of a dataset in the printed report; --json has all


@click.group()
def datasets() -> None:
    """List, check or simulate datasets."""


@datasets.command("list")
@common_options
def list_(common: CommonOptions) -> None:
    """List the paper's datasets and where they lie below --root."""
    from rainmer_analysis.images import CATALOGUE

    entries = [
        {
            "name": each.name,
            "split": each.split,
            "folder": each.folders[0],
            "images": each.expected,
            "pairs": "halves" if each.halves else "yes" if each.targets else "no",
            "note": each.note,
        }
        for each in CATALOGUE.values()
    ]
    header = list(entries[0])
    rows = [["" if each[key] is None else str(each[key]) for key in header] for each in entries]
    common.result(
        {"kind": "catalogue", "datasets": entries}, _align_columns([header, *rows], left="*")
    )


@datasets.command()
@source_options
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
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Threads.")
@common_options
def check(
    common: CommonOptions,
    sources: tuple[str, ...],
    root: str | None,
    suggest: bool,
    names: Path | None,
    headers_only: bool,
    workers: int,
) -> None:
    """Count images and pairs of SOURCE..., with their sizes and faults.

    A SOURCE is NAME=FOLDER, a manifest FILE.toml, or with --root a name of the catalogue; with
    --suggest it is one FOLDER.
    """
    if suggest:
        _print_suggestion(common, sources)
        return
    from rainmer_analysis.recipes.datasets.check_datasets import check_datasets

    with progress_bar(common, "file") as progress:
        report = check_datasets(
            sources,
            root=root,
            names=names,
            decode=not headers_only,
            workers=workers,
            progress=progress,
        )
    common.result(report.document(), _check_text(report))
    for name, each in report.datasets.items():
        numbers = {"used": each.readable, "left_out": each.images - each.readable}
        common.note(_printable(each.account.sentence(name, **numbers)))


def _print_suggestion(common: CommonOptions, sources: tuple[str, ...]) -> None:
    from rainmer_analysis.recipes.datasets.suggest_manifest import suggest_manifest

    if len(sources) != 1:
        raise click.UsageError("--suggest looks at one FOLDER; give one")
    folder = sources[0] if Path(sources[0]).is_dir() else sources[0].partition("=")[2] or sources[0]
    suggested = suggest_manifest(folder)
    common.result(suggested.document(), suggested.text())


@datasets.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to fill.")
@click.option("--per-dataset", type=click.IntRange(1), default=120, show_default=True)
@click.option("--calibration", is_flag=True, help="Compare with measurements of the real sets.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Threads.")
@common_options
def simulate(
    common: CommonOptions,
    out: Path | None,
    per_dataset: int,
    calibration: bool,
    workers: int,
) -> None:
    """Write the embedded default as folders of images with a manifest.

    With --calibration, print how the simulated sets compare with measurements of the real ones;
    then --out may be left out.
    """
    if out is None and not calibration:
        raise click.UsageError("name a folder with --out, or ask for --calibration")
    from rainmer_analysis.recipes.datasets.compare_simulated_with_real import (
        compare_simulated_with_real,
    )
    from rainmer_analysis.recipes.datasets.write_simulated_datasets import simulate_datasets

    document: dict[str, object] = {"kind": "simulated"}
    texts = []
    with progress_bar(common, "pair") as progress:
        if out is not None:
            done = simulate_datasets(
                out,
                per_dataset=per_dataset,
                seed=common.seed,
                overwrite=common.overwrite,
                workers=workers,
                progress=progress,
            )
            common.note(f"{out}: " + ("up to date" if done.up_to_date else "written"))
            document |= {"manifest": str(done.manifest), "pairs": done.pairs, "made": done.made}
            texts.append(str(done.manifest))
        if calibration:
            compared = compare_simulated_with_real(
                per_dataset=per_dataset, seed=common.seed, workers=workers, progress=progress
            )
            document["calibration"] = compared.to_dict(orient="records")
            texts.append(_calibration_text(compared))
    common.result(document, "\n\n".join(texts))


@datasets.command()
@click.argument("source", metavar="SOURCE")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.json"
)
@click.option("--name", default=None, help="What the set is called [default: the dataset's name].")
@click.option("--root", type=click.Path(file_okay=False), default=None, help="As for `audit`.")
@common_options
def fingerprint(
    common: CommonOptions, source: str, out: Path, name: str | None, root: str | None
) -> None:
    """Take fingerprints of SOURCE, by which `audit --known` tells its images under any name.

    They hold hashes of pixels and 256 signs of each image and its clean partner, no pixels.
    """
    from rainmer_analysis.recipes.audit.known_sets import write_fingerprints

    with progress_bar(common, "image") as progress:
        done, current = write_fingerprints(
            source, out, name=name, root=root, overwrite=common.overwrite, progress=progress
        )
    common.note(f"{out}: {'up to date' if current else 'written'}")
    document = {"kind": "fingerprints", "set": done.name, "images": len(done.images)}
    common.result({**document, "out": str(out)}, f"{done.name}: {len(done.images):,} images")


@datasets.command()
@source_options
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.toml",
    help="Manifest to write.",
)
@click.option(
    "--per-dataset",
    default=None,
    type=click.IntRange(min=1),
    metavar="N",
    help="Images drawn from each dataset [default: all].",
)
@folder_options
@common_options
def sample(
    common: CommonOptions,
    sources: tuple[str, ...],
    root: str | None,
    out: Path,
    per_dataset: int | None,
    link: Path | None,
    copy: Path | None,
) -> None:
    """Write which images of SOURCE... a command draws, as a manifest that all commands read.

    The same sources, --per-dataset and --seed draw the same images everywhere. Instead of sources
    there may be .parquet files that commands wrote: then the manifest lists their images.
    """
    check_one_folder(link, copy)
    from rainmer_analysis.recipes.properties import write_sample

    rows, current = write_sample(
        sources,
        out,
        root=root,
        per_dataset=per_dataset,
        seed=common.seed,
        overwrite=common.overwrite,
    )
    common.note(f"{out}: {'up to date' if current else 'written'}")
    folder = write_folder(common, rows, link, copy)
    document = {"kind": "sample", "manifest": str(out), "datasets": rows.counts, "folder": folder}
    text = "\n".join(f"{_printable(name)}: {n:,} images" for name, n in rows.counts.items())
    common.result(document, text)


def _calibration_text(compared: pd.DataFrame) -> str:
    header = [str(name) for name in compared.columns]
    rows = [
        [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row]
        for row in compared.itertuples(index=False)
    ]
    return _align_columns([header, *rows], left=("set", "property"))


def _check_text(report: Check) -> str:
    header = ["dataset", "images", "readable", "pairs", "smallest", "largest", "findings"]
    counts = {
        name: sum(each.dataset == name for each in report.findings) for name in report.datasets
    }
    rows = [_summary_cells(name, each, counts[name]) for name, each in report.datasets.items()]
    lines = [_align_columns([header, *rows], left=("dataset",))]
    for name, summary in report.datasets.items():
        found = [each for each in report.findings if each.dataset == name]
        lines += [f"{_printable(name)}: {note}" for note in summary.notes]
        lines += [
            f"{each.finding}: {_printable(each.image_id)}: {_printable(each.detail)}"
            for each in found[:_SHOWN]
        ]
        if len(found) > _SHOWN:
            lines.append(
                f"{_printable(name)}: {len(found) - _SHOWN:,} more findings; --json has all"
            )
    if report.comparison is not None:
        lines += _list_comparison_lines(report)
    return "\n".join(lines)


def _list_comparison_lines(report: Check) -> list[str]:
    """Say how the images agree with a list, with the first examples."""
    compared = report.comparison
    assert compared is not None
    images = sum(each.images for each in report.datasets.values())
    lines = [
        f"{_printable(str(compared.path))}: {compared.lines:,} lines, of which "
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
        lines += [f"{kind}: {_printable(name)}" for name in names[:_SHOWN]]
        lines += [f"{kind}: {len(names) - _SHOWN:,} more"] if len(names) > _SHOWN else []
    return lines


def _summary_cells(name: str, summary: Summary, findings: int) -> list[str]:
    sizes = [
        "-" if size is None else f"{size[0]}x{size[1]}"
        for size in (summary.smallest, summary.largest)
    ]
    pairs = "-" if summary.pairs is None else str(summary.pairs)
    return [
        _printable(name),
        str(summary.images),
        str(summary.readable),
        pairs,
        *sizes,
        str(findings),
    ]


def _printable(text: str) -> str:
    """Show control characters of file names, so that a line stays a line."""
    return "".join(sign if sign >= " " and sign != "\x7f" else repr(sign)[1:-1] for sign in text)


def _align_columns(lines: Sequence[Sequence[str]], *, left: Sequence[str]) -> str:
    """Align columns, those named in `left` (``*`` for all) to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    flush = [left == "*" or name in left for name in lines[0]]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(line, widths, flush, strict=True)
        ).rstrip()
        for line in lines
    )
