"""Folders of images to an audit: what cannot be trusted in them, image by image."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing.findings import FINDINGS, Finding
from rainmer_analysis.auditing.fingerprints import Fingerprints, read_fingerprints
from rainmer_analysis.auditing.pair_faults import frame_within, pair_faults
from rainmer_analysis.errors import FileFormatError, ImageError, ParameterError, SourceError
from rainmer_analysis.images import Sources, file_sha256, find
from rainmer_analysis.images.datasets import Dataset
from rainmer_analysis.recipes.audit.examine import Examined, Examiner, FileFacts
from rainmer_analysis.recipes.audit.gather import AuditedImage, list_images_of
from rainmer_analysis.recipes.audit.known import known_sets
from rainmer_analysis.recipes.audit.relate_images import relate_images
from rainmer_analysis.recipes.audit.summary import summarise
from rainmer_analysis.recipes.audit.unfinished import Unfinished
from rainmer_analysis.recipes.properties.outputs import publish
from rainmer_analysis.values import digest, plain, versions_of

__all__ = ["Audit", "audit", "examine_all", "read_audit"]

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit has found.

    Parameters
    ----------
    datasets
        By dataset a summary of JSON types.
    findings
        In the order of `FINDINGS`, then of images.
    images
        One row an image: ``image_id``, ``dataset``, ``split``, ``path``, ``region``, ``target``,
        ``target_region``, ``scene``, ``width``, ``height``.
    request
        Digest of what was asked for.
    path, up_to_date
        The file, and whether it answered the identical request already.
    """

    datasets: Mapping[str, Mapping[str, Any]]
    findings: tuple[Finding, ...]
    images: tuple[Mapping[str, Any], ...]
    request: str
    path: Path | None = None
    up_to_date: bool = False

    def document(self) -> dict[str, Any]:
        """Return the audit as JSON types."""
        return {
            "kind": "audit",
            "version": 1,
            "request": self.request,
            "datasets": self.datasets,
            "findings": [each.document() for each in self.findings],
            "images": list(self.images),
        }


def audit(
    sources: Sources,
    *,
    out: str | Path | None = None,
    root: str | Path | None = None,
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
        As for `rainmer_analysis.extract`; all images count, none is sampled.
    out
        JSON file; an interrupted run is continued. Without it nothing is written.
    known
        Files of `fingerprint`: images of these sets are reported under any name.
    held_out
        Datasets that are kept for testing, beyond those whose names or folders say so.
    workers
        Threads; the audit does not depend on them.
    seed
        Of the search for relatives.
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
    ParameterError
        `out` does not end in ``.json``, a dataset in `held_out` is not among the sources, or
        `workers` is under 1.
    FileFormatError
        A file in `known` holds no fingerprints.
    """
    path = None if out is None else _checked(Path(out))
    if workers < 1:
        raise ParameterError(f"workers is {workers}; it must be at least 1")
    sets = [read_fingerprints(Path(each)) for each in known]
    datasets = find(sources, root=root)
    _check_names(held_out, datasets)
    images = list_images_of(datasets, held_out)
    asked = {"known": [each.content for each in sets], "seed": seed}
    earlier = None if path is None or overwrite else _earlier(path, images, asked, workers)
    if earlier is not None:
        return earlier
    unfinished = Unfinished(path, [each.job for each in images])
    try:
        examined = examine_all(images, unfinished, workers=workers, progress=progress)
    finally:
        unfinished.close()
    found = _audited(datasets, images, examined, sets, asked, progress)
    if path is None:
        return found
    text = json.dumps(plain(found.document()), indent=1, ensure_ascii=False, allow_nan=False)
    publish(path, text + "\n", overwrite=overwrite)
    unfinished.discard()
    return Audit(found.datasets, found.findings, found.images, found.request, path)


def read_audit(path: str | Path) -> Audit:
    """Read what `audit` wrote.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of another kind.
    """
    place = Path(path)
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        if found["kind"] != "audit":
            raise ValueError(found["kind"])
        findings = tuple(Finding.from_document(each) for each in found["findings"])
        return Audit(found["datasets"], findings, tuple(found["images"]), found["request"], place)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(
            f"{place} cannot be read as an audit; give a file that 'rainmer-analysis audit' wrote"
        ) from error


def examine_all(
    images: Sequence[AuditedImage],
    unfinished: Unfinished,
    *,
    workers: int = 2,
    progress: Progress | None = None,
) -> list[Examined]:
    """Look at all files, a few at a time, and go on where an earlier run ended."""
    known = unfinished.load()
    left = [index for index in range(len(images)) if index not in known]
    if known:
        _log.info("continuing: %d of %d images were seen before", len(known), len(images))
    examiner = Examiner(remembered=workers)

    def work(index: int) -> Examined:
        examined = examiner.examine(images[index].job)
        unfinished.add(index, examined)
        return examined

    pool = ThreadPoolExecutor(workers)
    try:
        for index, examined in zip(left, pool.map(work, left), strict=True):
            known[index] = examined
            if progress is not None:
                progress(len(known), len(images))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [known[index] for index in range(len(images))]


def _audited(
    datasets: Sequence[Dataset],
    images: Sequence[AuditedImage],
    examined: Sequence[Examined],
    sets: Sequence[Fingerprints],
    asked: Mapping[str, Any],
    progress: Progress | None,
) -> Audit:
    related = relate_images(images, examined, seed=asked["seed"], progress=progress)
    findings = [each for pair in zip(images, examined, strict=True) for each in _of_image(*pair)]
    findings += _of_account(datasets)
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
        _request(images, contents, asked),
    )


def _of_image(image: AuditedImage, examined: Examined) -> list[Finding]:
    """Report the faults of one image and its pair."""
    own, partner = examined.own, examined.partner
    name = image.image_id
    found = [Finding("unreadable", name, detail=own.reason)] if own.reason else []
    if partner is None:
        if image.expects_partner and image.job.target is None:
            several = f"it may be {image.unclear}" if image.unclear else "there is no clean partner"
            found.append(Finding("missing-partner", name, detail=several))
        return found
    if partner.reason:
        return [*found, Finding("unreadable", name, detail=f"its partner: {partner.reason}")]
    if own.reason:
        return found
    if examined.pair is None:
        return [*found, _size_mismatch(name, own, partner)]
    faults = pair_faults(examined.pair, own.thumbnail, partner.thumbnail)
    return [
        *found,
        *(Finding(each.finding, name, None, each.detail, False, each.numbers) for each in faults),
    ]


def _size_mismatch(name: str, own: FileFacts, partner: FileFacts) -> Finding:
    detail = f"{own.width}x{own.height} pixels, its partner {partner.width}x{partner.height}"
    within = frame_within(own.thumbnail, partner.thumbnail)
    if within is None:
        return Finding("size-mismatch", name, detail=f"{detail}; they show different scenes")
    wide, (top, left, height, width) = within
    if wide == "same":
        return Finding("size-mismatch", name, detail=f"{detail}; the same view, resized")
    facts, narrow = (own, "partner") if wide == "image" else (partner, "image")
    numbers = {
        "left": round(left * facts.width, 1),
        "top": round(top * facts.height, 1),
        "width": round(width * facts.width, 1),
        "height": round(height * facts.height, 1),
    }
    detail += (
        f"; the {narrow} shows {numbers['width']:.0f}x{numbers['height']:.0f} pixels of the other "
        f"from ({numbers['left']:.0f}, {numbers['top']:.0f})"
    )
    return Finding("size-mismatch", name, None, detail, False, numbers)


def _of_account(datasets: Sequence[Dataset]) -> list[Finding]:
    """Report pictures in formats that are not read."""
    return [
        Finding(
            "unreadable",
            f"{dataset.name}/{relative}",
            detail=f"a picture in the format {kind}, which is not read; convert it to PNG",
        )
        for dataset in datasets
        for relative, kind in dataset.account.unread
    ]


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


def _request(
    images: Sequence[AuditedImage], contents: Sequence[tuple[str, str]], asked: Mapping[str, Any]
) -> str:
    """Return the digest of a request: labels, the bytes of files and where they lie, options."""
    labels = ([each.image_id, each.split, each.scene, *_places(each)] for each in images)
    hashes = (list(each) for each in contents)
    versions = versions_of("audit")
    return digest({"audit": labels, "contents": hashes, "asked": asked, "versions": versions})


def _places(image: AuditedImage) -> list[str | bool | None]:
    job = image.job
    return [job.path, job.region, job.target, job.target_region, image.expects_partner]


def _earlier(
    path: Path, images: Sequence[AuditedImage], asked: Mapping[str, Any], workers: int
) -> Audit | None:
    """Return what the file holds if it answers this request, which needs all files' bytes."""
    if not path.exists():
        return None
    try:
        found = read_audit(path)
    except FileFormatError:
        return None
    with ThreadPoolExecutor(workers) as pool:
        contents = list(pool.map(_hashes, images))
    if found.request != _request(images, contents, asked):
        return None
    return Audit(found.datasets, found.findings, found.images, found.request, path, up_to_date=True)


def _hashes(image: AuditedImage) -> tuple[str, str]:
    if image.job.fault:
        return "", ""
    return _sha256(image.job.path), _sha256(image.job.target)


def _sha256(path: str | None) -> str:
    try:
        return "" if path is None else file_sha256(path)
    except ImageError:
        return ""


def _checked(path: Path) -> Path:
    if path.suffix.lower() != ".json":
        raise ParameterError(
            f"an audit cannot be written as {path.name!r}; use a name that ends in .json"
        )
    return path


def _check_names(names: Collection[str], datasets: Sequence[Dataset]) -> None:
    unknown = sorted(set(names) - {each.name for each in datasets})
    if unknown:
        allowed = ", ".join(each.name for each in datasets)
        raise SourceError(f"no dataset is called {unknown[0]!r}; the sources hold {allowed}")
