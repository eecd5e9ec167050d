"""``audit``: what cannot be trusted in folders of images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli.audit.audit_text import audit_text
from rainmer_analysis.cli.options import CommonOptions, common_options, progress_bar, source_options

if TYPE_CHECKING:
    from rainmer_analysis.recipes.audit import Audit

__all__ = ["audit"]


def _file(ending: str, help_: str) -> dict[str, Any]:
    return {
        "type": click.Path(dir_okay=False, path_type=Path),
        "metavar": f"FILE{ending}",
        "help": help_,
    }


@click.command()
@source_options
@click.option("--out", required=True, **_file(".json", "Audit to write."))
@click.option("--strict", is_flag=True, help="End with exit code 1 when anything was found.")
@click.option(
    "--clean-manifest",
    "clean",
    **_file(".toml", "Also write the sources without what leaks, repeats or is faulty."),
)
@click.option(
    "--scene-manifest", "scenes", **_file(".toml", "Also write all images with the scenes found.")
)
@click.option("--html", "page", **_file(".html", "Also write a page with both images of findings."))
@click.option(
    "--lists",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Also write one CSV file a kind of finding.",
)
@click.option(
    "--known",
    multiple=True,
    **_file("", "Fingerprints of a known set (see `datasets fingerprint`); may be repeated."),
)
@click.option(
    "--held-out",
    multiple=True,
    metavar="NAME",
    help="Dataset kept for testing; those called test, val or eval are. May be repeated.",
)
@click.option(
    "--per-dataset",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="Images drawn from each dataset [default: all].",
)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Threads.")
@common_options
def audit(
    common: CommonOptions,
    sources: tuple[str, ...],
    root: str | None,
    out: Path,
    strict: bool,
    clean: Path | None,
    scenes: Path | None,
    page: Path | None,
    lists: Path | None,
    known: tuple[Path, ...],
    held_out: tuple[str, ...],
    per_dataset: int | None,
    workers: int,
) -> None:
    """Look for what cannot be trusted in SOURCE..., within and across datasets.

    Unreadable files; pairs that are missing, unequal, identical, swapped or shifted; duplicates,
    copies and shared scenes, also under rain; images of known sets. Nothing is written into the
    folders of images. An interrupted run is continued when it is started again.
    """
    from rainmer_analysis.recipes.audit import audit as recipe

    with progress_bar(common, "image") as progress:
        done = recipe(
            sources,
            out=out,
            root=root,
            known=known,
            held_out=held_out,
            per_dataset=per_dataset,
            workers=workers,
            seed=common.seed,
            overwrite=common.overwrite,
            progress=progress,
        )
    common.note(f"{out}: {'up to date' if done.up_to_date else 'written'}")
    made = _beside(common, done, (clean, scenes, page, lists))
    document = done.document()
    text = audit_text(document)
    if made["removed"] is not None:
        text += f"\n{clean}: {made['removed']:,} of {len(done.images):,} images are left out"
    common.result({**document, **made, "audit": str(out)}, text)
    if strict and done.findings:
        common.note(f"{len(done.findings):,} findings")
        sys.exit(1)


def _beside(
    common: CommonOptions,
    done: Audit,
    paths: tuple[Path | None, Path | None, Path | None, Path | None],
) -> dict[str, Any]:
    """Write what is asked for beside the audit."""
    from rainmer_analysis.recipes.audit.outputs import (
        write_audit_page,
        write_clean_manifest,
        write_finding_lists,
        write_scene_manifest,
    )

    clean, scenes, page, lists = paths
    removed = None
    if clean is not None:
        removed = len(write_clean_manifest(done, clean, overwrite=common.overwrite))
        common.note(f"{clean}: written")
    if scenes is not None:
        write_scene_manifest(done, scenes, overwrite=common.overwrite)
        common.note(f"{scenes}: written")
    if page is not None:
        write_audit_page(done, page, overwrite=common.overwrite)
        common.note(f"{page}: written")
    if lists is not None:
        write_finding_lists(done, lists, overwrite=common.overwrite)
        common.note(f"{lists}: written")
    names = ("clean_manifest", "scene_manifest", "html", "lists")
    given = {name: path and str(path) for name, path in zip(names, paths, strict=True)}
    return {**given, "removed": removed}
