"""``datasets sample`` and ``datasets fingerprint``: which images, by name or by content."""

from __future__ import annotations

from pathlib import Path

import click

from rainmer_analysis.cli.options import (
    CommonOptions,
    common_options,
    out_file,
    per_dataset_option,
    progress_bar,
    source_options,
)
from rainmer_analysis.cli.properties.link_and_copy_options import (
    check_one_folder,
    link_and_copy_options,
    write_folder,
)
from rainmer_analysis.cli.text_tables import printable

__all__ = ["fingerprint", "sample"]


@click.command()
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
    from rainmer_analysis.recipes.audit.fingerprint_set import write_fingerprints

    with progress_bar(common, "image") as progress:
        done, current = write_fingerprints(
            source, out, name=name, root=root, overwrite=common.overwrite, progress=progress
        )
    common.note(f"{out}: {'up to date' if current else 'written'}")
    document = {"kind": "fingerprints", "set": done.name, "images": len(done.images)}
    common.result({**document, "out": str(out)}, f"{done.name}: {len(done.images):,} images")


@click.command()
@source_options
@out_file("Manifest to write.", metavar="FILE.toml")
@per_dataset_option(None)
@link_and_copy_options
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
    text = "\n".join(f"{printable(name)}: {n:,} images" for name, n in rows.counts.items())
    common.result(document, text)
