"""Folders of images to an audit: what cannot be trusted in them, image by image."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing import read_fingerprints
from rainmer_analysis.images import Sources
from rainmer_analysis.recipes.audit.all_findings import all_findings_and_scenes
from rainmer_analysis.recipes.audit.audit_file import Audit, find_existing_audit, write_audit_once
from rainmer_analysis.recipes.audit.audit_request_digest import (
    audit_request_digest,
    current_audit_request_digest,
)
from rainmer_analysis.recipes.audit.audit_summary import audit_summary_by_dataset
from rainmer_analysis.recipes.audit.examine_all_resumably import (
    examine_all_images,
    open_finished_images,
)
from rainmer_analysis.recipes.audit.examine_images import ExaminedImage
from rainmer_analysis.recipes.audit.gather_images import AuditedImage, gather_images
from rainmer_analysis.recipes.resumable_work import thread_count
from rainmer_analysis.values import checked_suffix, hold_lock, lock_path_of

__all__ = ["audit"]

Progress = Callable[[int, int], None]


def audit(
    sources: Sources,
    *,
    out: str | Path | None = None,
    root: str | Path | None = None,
    per_dataset: int | None = None,
    known: Sequence[str | Path] = (),
    held_out: Collection[str] = (),
    workers: int = 2,
    seed: int = 42,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Audit:
    """Look for what cannot be trusted in datasets; nothing is written into their folders.

    Parameters
    ----------
    sources, root
        As for `rainmer_analysis.extract`.
    per_dataset
        Images drawn from each dataset, those that `extract` draws with the same number and seed;
        by default all.
    out
        JSON file; an interrupted run is continued. Without it nothing is written.
    known
        Files of `fingerprint`: images of these sets are reported under any name.
    held_out
        Datasets that are kept for testing, beyond those whose names or folders say so.
    workers
        Threads; the audit does not depend on them.
    seed
        Of the draw, and of the search for relatives.
    overwrite
        Whether another file may be replaced.
    progress
        Called as ``progress(done, total)``, anew for files and for the search.

    Raises
    ------
    SourceError
        A source is unknown, missing or empty.
    OutputExistsError
        Something else lies at `out`.
    OutputInUseError
        Another run is writing it.
    ParameterError
        `out` does not end in ``.json``, a dataset in `held_out` is not among the sources, or
        `workers` or `per_dataset` is under 1.
    FileFormatError
        A file in `known` holds no fingerprints.
    """
    path = None if out is None else Path(out)
    if path is not None:
        checked_suffix(path, "an audit", ".json")
    workers = thread_count(workers)
    sets = [read_fingerprints(Path(each)) for each in known]
    gathered = gather_images(
        sources, root=root, held_out=held_out, per_dataset=per_dataset, seed=seed
    )
    images = gathered.images
    asked = {"known": [each.content_digest for each in sets], "seed": seed}
    with ExitStack() as held:
        if path is not None:
            held.enter_context(hold_lock(lock_path_of(path)))
        if path is not None and not overwrite:
            earlier = find_existing_audit(
                path, lambda: current_audit_request_digest(images, asked, workers)
            )
            if earlier is not None:
                return earlier
        finished = open_finished_images(path, [each.job for each in images])
        try:
            examined = examine_all_images(images, finished, workers=workers, progress=progress)
        finally:
            finished.close()
        findings, scenes = all_findings_and_scenes(
            gathered, examined, sets, seed=seed, progress=progress
        )
        found = Audit(
            audit_summary_by_dataset(gathered, examined, scenes, findings),
            tuple(findings),
            tuple(_image_row(*each) for each in zip(images, examined, scenes, strict=True)),
            audit_request_digest(images, [each.file_hashes for each in examined], asked),
        )
        if path is None:
            return found
        found = write_audit_once(found, path, overwrite=overwrite)
        finished.discard()
    return found


def _image_row(image: AuditedImage, examined: ExaminedImage, scene: str) -> dict[str, Any]:
    job = image.job
    return {
        "image_id": image.image_id,
        "dataset": image.dataset,
        "split": image.split,
        "path": job.path,
        "region": job.region,
        "target": job.target,
        "target_region": job.target_region if job.target else None,
        "scene": scene,
        "width": examined.own.width or None,
        "height": examined.own.height or None,
    }
