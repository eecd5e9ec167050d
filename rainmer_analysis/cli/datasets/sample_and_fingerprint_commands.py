"""``datasets sample`` and ``datasets fingerprint``: which images, by name or by content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.options.link_and_copy_options import (
    link_and_copy_options,
    link_or_copy_if_asked,
    refuse_link_with_copy,
)
from rainmer_analysis.cli.terminal.text_tables import printable

__all__ = ["fingerprint", "sample_command"]


@click.command()
@click.argument("source", metavar="SOURCE")
@options.out_file_option(None, metavar="FILE.json")
@click.option("--name", default=None, help="What the set is called [default: the dataset's name].")
@click.option("--root", type=click.Path(file_okay=False), default=None, help="As for `audit`.")
@common_options
def fingerprint(
    common: CommonOptions, source: str, out: Path, name: str | None, root: str | None
) -> None:
    """Take fingerprints of SOURCE, by which `audit --known` knows its images under any name.

    They hold hashes of pixels and 256 signs of each image and its clean partner, no pixels.
    """
    from rainmer_analysis.recipes.audit.fingerprint_set import write_fingerprints_once

    with common.progress_bar("image") as progress:
        done, current = write_fingerprints_once(
            source, out, name=name, root=root, overwrite=common.overwrite, progress=progress
        )
    common.print_and_return_state(out, up_to_date=current)
    document = {"kind": "fingerprints", "set": done.name, "images": len(done.images)}
    common.print_result({**document, "out": str(out)}, f"{done.name}: {len(done.images):,} images")


@click.command("sample")
@options.source_options
@options.out_file_option("Manifest to write.", metavar="FILE.toml")
@options.per_dataset_option(None)
@link_and_copy_options
@common_options
def sample_command(
    common: CommonOptions,
    sources: tuple[str, ...],
    out: Path,
    link: Path | None,
    copy: Path | None,
    **values: Any,
) -> None:
    """Write which images of SOURCE... a command draws, as a manifest that all commands read.

    The same sources, --per-dataset and --seed draw the same images everywhere. Instead of sources
    there may be .parquet files that commands wrote: then the manifest lists their images.
    """
    refuse_link_with_copy(link, copy)
    from rainmer_analysis.recipes.properties import write_sample_manifest_once

    rows, current = write_sample_manifest_once(
        sources, out, seed=common.seed, overwrite=common.overwrite, **values
    )
    common.print_and_return_state(out, up_to_date=current)
    folder = link_or_copy_if_asked(common, rows, link, copy)
    document = {"kind": "sample", "manifest": str(out), "datasets": rows.counts, "folder": folder}
    text = "\n".join(f"{printable(name)}: {n:,} images" for name, n in rows.counts.items())
    common.print_result(document, text)
