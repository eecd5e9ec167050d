"""What an audit says of each dataset: counts, sizes, formats, pairs, scenes, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rainmer_analysis.auditing.findings import FINDINGS, Finding
from rainmer_analysis.recipes.audit.examine_images import ExaminedImage, FileFacts
from rainmer_analysis.recipes.audit.gather_images import AuditedImage, DatasetsAndImages

__all__ = ["audit_summary_by_dataset"]

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}


def audit_summary_by_dataset(
    gathered: DatasetsAndImages,
    examined: Sequence[ExaminedImage],
    scenes: Sequence[str],
    findings: Sequence[Finding],
) -> dict[str, dict[str, Any]]:
    """Return a summary of each dataset as JSON types, in the order of datasets."""
    datasets, images = gathered
    owners = {image.image_id: image.dataset for image in images}
    counts: dict[str, Counter[str]] = {each.name: Counter() for each in datasets}
    for finding in findings:
        counts[owners[finding.a]][finding.finding] += 1
    rows: dict[str, list[int]] = {each.name: [] for each in datasets}
    for number, image in enumerate(images):
        rows[image.dataset].append(number)
    own_scenes = {name: {scenes[at] for at in numbers} for name, numbers in rows.items()}
    found = {}
    for dataset in datasets:
        own = [examined[at] for at in rows[dataset.name]]
        readable = sum(not each.own.reason for each in own)
        found[dataset.name] = {
            "folder": str(dataset.folder),
            "split": " and ".join(sorted({images[at].split for at in rows[dataset.name]})),
            "images": len(own),
            "readable": readable,
            "pairs": sum(each.pair is not None for each in own) if dataset.paired else None,
            "scenes": len(own_scenes[dataset.name]),
            "shared_scenes": {
                other: len(own_scenes[dataset.name] & theirs)
                for other, theirs in own_scenes.items()
                if other != dataset.name and own_scenes[dataset.name] & theirs
            },
            "files": {
                "images": _summarise_files([each.own for each in own]),
                "partners": _summarise_files(
                    [each.partner for each in own if each.partner is not None]
                ),
            },
            "odd": _count_oddities(images, examined, rows[dataset.name]),
            "findings": {kind: counts[dataset.name][kind] for kind in FINDINGS},
            "notes": [*dataset.notes, *dataset.account.warnings()],
            "account": dataset.account.document(used=readable, left_out=len(own) - readable),
        }
    return found


def _summarise_files(files: Sequence[FileFacts]) -> dict[str, Any]:
    good = [each for each in files if not each.reason]
    sizes = sorted({(each.width, each.height) for each in good}, key=lambda size: size[0] * size[1])
    qualities = sorted(each.quality for each in good if each.quality is not None)
    return {
        "sizes": len(sizes),
        "smallest": list(sizes[0]) if sizes else None,
        "largest": list(sizes[-1]) if sizes else None,
        "formats": dict(sorted(Counter(each.format for each in good).items())),
        "modes": dict(sorted(Counter(each.mode or "other" for each in good).items())),
        "jpeg_quality": {
            "least": qualities[0],
            "median": qualities[len(qualities) // 2],
            "most": qualities[-1],
        }
        if qualities
        else None,
    }


def _count_oddities(
    images: Sequence[AuditedImage], examined: Sequence[ExaminedImage], rows: Sequence[int]
) -> dict[str, int]:
    """Count files that can be read and may still surprise."""
    found: Counter[str] = Counter()
    for at in rows:
        job = images[at].job
        for path, facts in ((job.path, examined[at].own), (job.target, examined[at].partner)):
            if path is None or facts is None or facts.reason:
                continue
            names = _SUFFIXES.get(facts.format)
            if names is not None and not path.lower().endswith(names):
                found[f"named otherwise than {facts.format}"] += 1
            if facts.mode in ("L", "LA", "1") or facts.mode.startswith("I"):
                found["grey"] += 1
            if facts.mode in ("RGBA", "LA", "PA"):
                found["with an alpha channel, which is dropped"] += 1
            if facts.mode in ("P", "PA"):
                found["with a palette"] += 1
            if facts.mode == "CMYK":
                found["CMYK, converted without a profile"] += 1
    return dict(sorted(found.items()))
