"""An audit as one HTML file to look at: numbers, and both images of findings side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing import FINDINGS, Finding
from rainmer_analysis.pages import demand_page_suffix, render_audit
from rainmer_analysis.recipes.audit.audit_file import Audit
from rainmer_analysis.recipes.audit.outputs.captioned_pictures import captioned_data_uri
from rainmer_analysis.recipes.write_text_files import write_text_once

__all__ = ["write_audit_page_once"]

_OF_PAIR = ("missing-partner", "size-mismatch", "identical-pair", "swapped-pair", "shifted-pair")


def write_audit_page_once(
    audit: Audit, path: str | Path, *, shown: int = 24, overwrite: bool = False
) -> Path:
    """Write an audit as a page that needs nothing beside it.

    Nothing is loaded from anywhere: thumbnails are in the file, there is no script, and a content
    security policy forbids both. Names of files are escaped.

    Parameters
    ----------
    audit
        What to show.
    path
        Ends in ``.html``.
    shown
        Findings of each kind that are shown; the audit's own file has all.
    overwrite
        Whether another file may be replaced.

    Raises
    ------
    ParameterError
        The name ends otherwise.
    OutputExistsError
        Something else lies at `path`.
    """
    place = Path(path)
    demand_page_suffix(place)
    write_text_once(place, render_audit(**_page_content(audit, shown)), overwrite=overwrite)
    return place


def _page_content(audit: Audit, shown: int) -> dict[str, Any]:
    rows = {row["image_id"]: row for row in audit.images}
    kinds = []
    for kind, meaning in FINDINGS.items():
        found = [each for each in audit.findings if each.finding == kind]
        leaks_first = sorted(found, key=lambda each: not each.leak)
        kinds.append(
            {
                "name": kind,
                "meaning": meaning,
                "count": len(found),
                "leaks": sum(each.leak for each in found),
                "more": max(0, len(found) - shown),
                "cards": [_finding_card(each, rows) for each in leaks_first[:shown]],
            }
        )
    return {
        "kinds": kinds,
        "images": len(audit.images),
        "findings": len(audit.findings),
        "leaks": sum(each.leak for each in audit.findings),
        "scenes": len({row["scene"] for row in audit.images}),
        "datasets": [_dataset_table_row(name, each) for name, each in audit.datasets.items()],
        "overlap": _shared_scene_counts(audit.datasets),
    }


def _dataset_table_row(name: str, each: Mapping[str, Any]) -> dict[str, Any]:
    stored = each["files"]["images"]
    quality = stored["jpeg_quality"]
    qualities = "" if quality is None else f"{quality['least']}–{quality['most']}"
    sizes = [stored[key] for key in ("smallest", "largest") if stored[key]]
    texts = list(dict.fromkeys(f"{width}×{height}" for width, height in sizes))
    return {
        "name": name,
        "split": each["split"],
        "images": each["images"],
        "readable": each["readable"],
        "pairs": each["pairs"],
        "scenes": each["scenes"],
        "size": " – ".join(texts),
        "formats": ", ".join(stored["formats"]),
        "quality": qualities,
        "findings": sum(each["findings"].values()),
        "odd": [f"{count} {what}" for what, count in each["odd"].items()],
    }


def _shared_scene_counts(datasets: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = list(datasets)
    return [
        {"one": name, "other": other, "count": count}
        for place, name in enumerate(names)
        for other, count in datasets[name]["shared_scenes"].items()
        if names.index(other) > place
    ]


def _finding_card(finding: Finding, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    own = rows.get(finding.a)
    pictures = []
    if own is not None:
        pictures.append(captioned_data_uri(own["path"], own["region"], finding.a))
        if finding.finding in _OF_PAIR and own["target"]:
            pictures.append(captioned_data_uri(own["target"], own["target_region"], "its partner"))
    other = rows.get(finding.b or "")
    if other is not None:
        pictures.append(captioned_data_uri(other["path"], other["region"], finding.b or ""))
    return {"detail": finding.detail, "leak": finding.leak, "pictures": pictures, "a": finding.a}
