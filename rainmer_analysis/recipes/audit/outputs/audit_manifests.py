"""Manifests made from an audit: what may be kept, and all images with their scenes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.manifest_text import (
    demand_manifest_suffix,
    groups_csv_path,
    manifest_dataset_lines,
    relative_path,
    toml_quoted,
)
from rainmer_analysis.recipes.audit.audit_file import Audit
from rainmer_analysis.recipes.audit.outputs.images_to_remove import images_to_remove
from rainmer_analysis.recipes.write_text_files import csv_text, write_texts_once

__all__ = ["write_clean_manifest_once", "write_scene_manifest_once"]

_REMOVED = ("image", "reason", "because_of")


def write_clean_manifest_once(
    audit: Audit, path: Path, *, overwrite: bool = False
) -> dict[str, tuple[str, str]]:
    """Write the sources without what leaks, repeats or is faulty, as a manifest.

    Beside it go ``<stem>.groups.csv`` with the scenes, and ``<stem>.removed.csv`` with the images
    that are not in it and why.

    Returns
    -------
    What was removed, as of `images_to_remove`.

    Raises
    ------
    ParameterError
        The name does not end in ``.toml``.
    SourceError
        Nothing would be left.
    OutputExistsError
        Something else lies at one of the files.
    """
    gone = images_to_remove(audit)
    kept = [row for row in audit.images if row["image_id"] not in gone]
    if not kept:
        raise SourceError("no image would be left in the clean manifest; look at the findings")
    counts = Counter(reason for reason, _ in gone.values())
    remarks = [
        f"Made by rainmer-analysis audit: {len(kept)} of {len(audit.images)} images.",
        "Left out: " + (", ".join(f"{kind} {n}" for kind, n in sorted(counts.items())) or "none"),
    ]
    texts = _manifest_and_scenes_texts(path, kept, remarks)
    rows = [[name, reason, because] for name, (reason, because) in gone.items()]
    texts[path.with_suffix(".removed.csv")] = csv_text(_REMOVED, rows)
    write_texts_once(texts, overwrite=overwrite)
    return gone


def write_scene_manifest_once(audit: Audit, path: Path, *, overwrite: bool = False) -> None:
    """Write all readable images as a manifest with the scenes that the audit found.

    Raises
    ------
    ParameterError
        The name does not end in ``.toml``.
    OutputExistsError
        Something else lies at it or at the file of scenes beside it.
    """
    rows = [row for row in audit.images if row["width"] is not None]
    if not rows:
        raise SourceError("no image can be read, so that there is no scene to write down")
    remarks = ["Made by rainmer-analysis audit: all images, with the scenes that it found."]
    write_texts_once(_manifest_and_scenes_texts(path, rows, remarks), overwrite=overwrite)


def _manifest_and_scenes_texts(
    path: Path, rows: Sequence[Mapping[str, Any]], remarks: Sequence[str]
) -> dict[Path, str]:
    demand_manifest_suffix(path)
    base, groups = path.parent.absolute(), groups_csv_path(path)
    parts: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        parts[row["dataset"]][_manifest_entry_kind(row)].append(row)
    lines = [f"# {each}" for each in remarks]
    for dataset, kinds in parts.items():
        for place, (kind, own) in enumerate(kinds.items()):
            lines += manifest_dataset_lines(
                dataset + (f"-{kind}" if place else ""),
                kind,
                images=[row["path"] for row in own],
                targets=[row["target"] for row in own],
                base=base,
            )
            lines.append(f"groups = {toml_quoted(groups.name)}")
    scenes = dict.fromkeys((relative_path(row["path"], base), row["scene"]) for row in rows)
    return {path: "\n".join([*lines, ""]), groups: csv_text(("image", "group"), scenes)}


def _manifest_entry_kind(row: Mapping[str, Any]) -> str:
    if row["region"] != "whole":
        return str(row["region"])
    return "unpaired" if row["target"] is None else "paired"
