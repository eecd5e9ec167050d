"""All findings of an audit: about single images and pairs, between images, and of known sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rainmer_analysis.auditing import (
    FINDINGS,
    Finding,
    Fingerprints,
    pair_faults,
    wider_side_and_box_of_other,
)
from rainmer_analysis.images.datasets import Dataset
from rainmer_analysis.recipes.audit.examine_images import ExaminedImage, FileFacts
from rainmer_analysis.recipes.audit.gather_images import AuditedImage, DatasetsAndImages
from rainmer_analysis.recipes.audit.known_set_findings import known_set_findings
from rainmer_analysis.recipes.audit.related_findings_and_scenes import (
    FindingsAndScenes,
    related_findings_and_scenes,
)

__all__ = ["all_findings_and_scenes", "image_and_pair_findings", "unread_format_findings"]


def all_findings_and_scenes(
    gathered: DatasetsAndImages,
    examined: Sequence[ExaminedImage],
    known: Sequence[Fingerprints],
    *,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> FindingsAndScenes:
    """Return all findings, in the order of `FINDINGS`, then of images; and every image's scene."""
    datasets, images = gathered
    related = related_findings_and_scenes(images, examined, seed=seed, progress=progress)
    findings = [
        each
        for pair in zip(images, examined, strict=True)
        for each in image_and_pair_findings(*pair)
    ]
    findings += unread_format_findings(datasets)
    findings += related.findings
    findings += known_set_findings(images, examined, known)
    order = {name: place for place, name in enumerate(FINDINGS)}
    places = {image.image_id: place for place, image in enumerate(images)}
    findings.sort(key=lambda each: (order[each.finding], places.get(each.a, len(places)), each.b))
    return FindingsAndScenes(findings, related.scenes)


def image_and_pair_findings(image: AuditedImage, examined: ExaminedImage) -> list[Finding]:
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
        return [*found, _size_mismatch_finding(name, own, partner)]
    faults = pair_faults(examined.pair, own.thumbnail, partner.thumbnail)
    return [
        *found,
        *(Finding(each.finding, name, None, each.detail, False, each.numbers) for each in faults),
    ]


def _size_mismatch_finding(name: str, own: FileFacts, partner: FileFacts) -> Finding:
    detail = f"{own.width}x{own.height} pixels, its partner {partner.width}x{partner.height}"
    within = wider_side_and_box_of_other(own.thumbnail, partner.thumbnail)
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


def unread_format_findings(datasets: Sequence[Dataset]) -> list[Finding]:
    """Report pictures in formats that are not read."""
    return [
        Finding("unreadable", f"{dataset.name}/{relative}", detail=reason)
        for dataset in datasets
        for relative, reason in dataset.account.unread_reasons
    ]
