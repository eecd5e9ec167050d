"""``audit``: what cannot be trusted in folders of images."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.audit.audit_text import audit_text
from rainmer_analysis.cli.options import CommonOptions, common_options

if TYPE_CHECKING:
    from rainmer_analysis.recipes.audit import Audit

__all__ = ["audit"]


@click.command()
@options.source_options
@options.path_option("--out", "FILE.json", "Audit to write.", required=True)
@click.option("--strict", is_flag=True, help="End with exit code 1 when anything was found.")
@options.path_option(
    "--clean-manifest",
    "FILE.toml",
    "Also write the sources without what leaks, repeats or is faulty.",
)
@options.path_option(
    "--scene-manifest", "FILE.toml", "Also write all images with the scenes found."
)
@options.path_option("--html", "FILE.html", "Also write a page with both images of findings.")
@options.path_option("--lists", "FOLDER", "Also write one CSV file a kind of finding.", folder=True)
@options.path_option(
    "--known",
    "FILE",
    "Fingerprints of a known set (see `datasets fingerprint`); may be repeated.",
    multiple=True,
)
@options.text_option(
    "--held-out",
    "Dataset kept for testing; those called test, val or eval are. May be repeated.",
    multiple=True,
)
@options.per_dataset_option(None)
@options.workers_option(2)
@common_options
def audit(
    common: CommonOptions,
    sources: tuple[str, ...],
    out: Path,
    *,
    strict: bool,
    clean_manifest: Path | None,
    scene_manifest: Path | None,
    html: Path | None,
    lists: Path | None,
    **values: Any,
) -> None:
    """Look for what cannot be trusted in SOURCE..., within and across datasets.

    Unreadable files; pairs that are missing, unequal, identical, swapped or shifted; duplicates,
    copies and shared scenes, also under rain; images of known sets. Nothing is written into the
    folders of images. An interrupted run is continued when it is started again.
    """
    from rainmer_analysis.recipes.audit import audit as recipe

    with common.progress_bar("image") as progress:
        done = recipe(
            sources,
            out=out,
            seed=common.seed,
            overwrite=common.overwrite,
            progress=progress,
            **values,
        )
    common.print_and_return_state(out, up_to_date=done.up_to_date)
    made = _write_requested_outputs(
        common,
        done,
        {
            "clean_manifest": clean_manifest,
            "scene_manifest": scene_manifest,
            "html": html,
            "lists": lists,
        },
    )
    document = done.document()
    text = audit_text(document)
    if made["removed"] is not None:
        text += (
            f"\n{clean_manifest}: {made['removed']:,} of {len(done.images):,} images are left out"
        )
    common.print_result({**document, **made, "audit": str(out)}, text)
    if strict and done.findings:
        common.print_note(f"{len(done.findings):,} findings")
        sys.exit(1)


def _write_requested_outputs(
    common: CommonOptions, done: Audit, paths: Mapping[str, Path | None]
) -> dict[str, Any]:
    """Write what is asked for beside the audit, and return paths and the number of lost images."""
    from rainmer_analysis.recipes.audit import outputs

    writers: dict[str, Callable[..., Any]] = {
        "clean_manifest": outputs.write_clean_manifest_once,
        "scene_manifest": outputs.write_scene_manifest_once,
        "html": outputs.write_audit_page_once,
        "lists": outputs.write_finding_lists_once,
    }
    removed = None
    for name, path in paths.items():
        if path is not None:
            written = writers[name](done, path, overwrite=common.overwrite)
            removed = len(written) if name == "clean_manifest" else removed
            common.print_and_return_state(path, up_to_date=False)
    return {**{name: path and str(path) for name, path in paths.items()}, "removed": removed}
