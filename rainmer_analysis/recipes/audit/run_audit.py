"""Folders of images to an audit: what cannot be trusted in them, image by image."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing import FINDINGS, Fingerprints, read_fingerprints
from rainmer_analysis.errors import ParameterError, SourceError
from rainmer_analysis.images import Sources, find_datasets, sample_ids
from rainmer_analysis.images.datasets import Dataset
from rainmer_analysis.recipes.audit.audit_file import Audit, find_existing, request_digest
from rainmer_analysis.recipes.audit.audit_summary import summarise
from rainmer_analysis.recipes.audit.examine_images import Examined, Examiner
from rainmer_analysis.recipes.audit.gather_images import AuditedImage, list_images_of
from rainmer_analysis.recipes.audit.image_findings import findings_of_image, unread_pictures
from rainmer_analysis.recipes.audit.known_sets import known_sets
from rainmer_analysis.recipes.audit.relate_images import relate_images
from rainmer_analysis.recipes.audit.unfinished import finished_images
from rainmer_analysis.recipes.resumable_work import FinishedItems, complete
from rainmer_analysis.recipes.text_files import write_text_once
from rainmer_analysis.values import demand_suffix, holding, lock_of, stamped, to_json_types

__all__ = ["audit", "examine_all"]

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
    path = None if out is None else _checked(Path(out))
    if workers < 1:
        raise ParameterError(f"workers is {workers}; it must be at least 1")
    sets = [read_fingerprints(Path(each)) for each in known]
    datasets = find_datasets(sources, root=root)
    _check_names(held_out, datasets)
    images = _drawn(list_images_of(datasets, held_out), per_dataset, seed)
    asked = {"known": [each.content for each in sets], "seed": seed}
    with ExitStack() as held:
        if path is not None:
            held.enter_context(holding(lock_of(path)))
        earlier = None if path is None or overwrite else find_existing(path, images, asked, workers)
        if earlier is not None:
            return earlier
        finished = finished_images(path, [each.job for each in images])
        try:
            examined = examine_all(images, finished, workers=workers, progress=progress)
        finally:
            finished.close()
        found = _audited(datasets, images, examined, sets, asked, progress)
        if path is None:
            return found
        document = stamped(to_json_types(found.document()))
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        write_text_once(path, text + "\n", overwrite=overwrite)
        finished.discard()
    return replace(found, path=path)


def examine_all(
    images: Sequence[AuditedImage],
    finished: FinishedItems[Examined],
    *,
    workers: int = 2,
    progress: Progress | None = None,
) -> list[Examined]:
    """Look at all files, a few at a time, and go on where an earlier run ended."""
    examiner = Examiner(remembered=workers)
    return complete(
        finished,
        lambda index: examiner.examine(images[index].job),
        threads=workers,
        progress=progress,
        done="seen",
    )


def _audited(
    datasets: Sequence[Dataset],
    images: Sequence[AuditedImage],
    examined: Sequence[Examined],
    sets: Sequence[Fingerprints],
    asked: Mapping[str, Any],
    progress: Progress | None,
) -> Audit:
    related = relate_images(images, examined, seed=asked["seed"], progress=progress)
    findings = [
        each for pair in zip(images, examined, strict=True) for each in findings_of_image(*pair)
    ]
    findings += unread_pictures(datasets)
    findings += related.findings
    findings += known_sets(images, examined, sets)
    order = {name: place for place, name in enumerate(FINDINGS)}
    places = {image.image_id: place for place, image in enumerate(images)}
    findings.sort(key=lambda each: (order[each.finding], places.get(each.a, len(places)), each.b))
    contents = [_contents(each) for each in examined]
    return Audit(
        summarise(datasets, images, examined, related.scenes, findings),
        tuple(findings),
        tuple(_row(*each) for each in zip(images, examined, related.scenes, strict=True)),
        request_digest(images, contents, asked),
    )


def _drawn(images: list[AuditedImage], per_dataset: int | None, seed: int) -> list[AuditedImage]:
    """Return the images of each dataset's sample; all without a number."""
    if per_dataset is None:
        return images
    by_dataset: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_dataset[image.dataset].append(image.image_id)
    chosen = {
        f"{name}/{relative}"
        for name, ids in by_dataset.items()
        for relative in sample_ids((each[len(name) + 1 :] for each in ids), per_dataset, seed)
    }
    return [image for image in images if image.image_id in chosen]


def _row(image: AuditedImage, examined: Examined, scene: str) -> dict[str, Any]:
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


def _contents(examined: Examined) -> tuple[str, str]:
    return examined.own.sha256, examined.partner.sha256 if examined.partner else ""


def _checked(path: Path) -> Path:
    demand_suffix(path, "an audit", ".json")
    return path


def _check_names(names: Collection[str], datasets: Sequence[Dataset]) -> None:
    unknown = sorted(set(names) - {each.name for each in datasets})
    if unknown:
        allowed = ", ".join(each.name for each in datasets)
        raise SourceError(f"no dataset is called {unknown[0]!r}; the sources hold {allowed}")
