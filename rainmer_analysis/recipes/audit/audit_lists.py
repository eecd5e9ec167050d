"""Files made from an audit: lists by finding, scenes as a manifest, and what may be kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing import FINDINGS, first_connected
from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.manifest_text import entry_lines, quoted, relative_path
from rainmer_analysis.recipes.audit.audit_file import Audit
from rainmer_analysis.recipes.text_files import csv_text, holds_text, write_text_once
from rainmer_analysis.values import demand_suffix

__all__ = ["removals", "write_clean_manifest", "write_lists", "write_scene_manifest"]

_COLUMNS = ("a", "b", "leak", "detail")
_OF_ONE = (
    "unreadable",
    "missing-partner",
    "size-mismatch",
    "identical-pair",
    "swapped-pair",
    "shifted-pair",
)
_REPEATS = ("duplicate", "near-duplicate")
_HALVES = {"left": "rain-clean", "right": "clean-rain"}
_REMOVED = ("image", "reason", "because_of")


def write_lists(audit: Audit, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write one CSV file a kind of finding, also where there is none.

    Raises
    ------
    OutputExistsError
        Something else lies at one of the files.
    """
    texts = {}
    for kind in FINDINGS:
        found = [each for each in audit.findings if each.finding == kind]
        names = list(dict.fromkeys(name for each in found for name in each.numbers))
        rows = [
            [each.a, each.b or "", str(each.leak).lower(), each.detail]
            + [_cell(each.numbers.get(name, "")) for name in names]
            for each in found
        ]
        texts[folder / f"{kind}.csv"] = csv_text([*_COLUMNS, *names], rows)
    return _publish_all(texts, overwrite=overwrite)


def _cell(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _publish_all(texts: Mapping[Path, str], *, overwrite: bool) -> list[Path]:
    """Write all of several files, or none where something else lies at one of them."""
    for path, text in texts.items():
        holds_text(path, text, overwrite=overwrite)
    for path, text in texts.items():
        write_text_once(path, text, overwrite=overwrite)
    return list(texts)


def removals(audit: Audit) -> dict[str, tuple[str, str]]:
    """Say which images have to go, and why: a reason, and the image or set because of which.

    Images that cannot be used and faulty pairs go. Of copies the held-out image stays, and
    otherwise the one that was named first. A training image that shares its scene with a held-out
    one goes; scenes that training sets share stay, as their statistics treat them as one. Images
    of known sets go from training sets.
    """
    found: dict[str, tuple[str, str]] = {}
    splits = {each["image_id"]: each["split"] for each in audit.images}
    for finding in audit.findings:
        if finding.finding in _OF_ONE and finding.a in splits:
            found.setdefault(finding.a, (finding.finding, finding.detail))
    _remove_copies(audit, found)
    _remove_leaks(audit, found)
    for finding in audit.findings:
        if finding.finding == "known-set" and splits[finding.a] == "train":
            because = f"{finding.numbers['set']}: {finding.numbers['image']}"
            found.setdefault(finding.a, ("known-set", because))
    return found


def _remove_copies(audit: Audit, found: dict[str, tuple[str, str]]) -> None:
    """Leave one of all images that are copies of each other, directly or through others."""
    places = {row["image_id"]: place for place, row in enumerate(audit.images)}
    copies = [each for each in audit.findings if each.finding in _REPEATS and each.b is not None]
    kinds = {each.a: each.finding for each in copies}
    pairs = [(places[each.a], places[each.b or ""]) for each in copies]
    groups: dict[int, list[int]] = defaultdict(list)
    for place, first in enumerate(first_connected(len(places), pairs)):
        if audit.images[place]["image_id"] not in found:
            groups[int(first)].append(place)
    for members in groups.values():
        stays = min(members, key=lambda place: (audit.images[place]["split"] != "held-out", place))
        for place in members:
            name = audit.images[place]["image_id"]
            if place != stays:
                kind = kinds.get(name, kinds.get(audit.images[stays]["image_id"], _REPEATS[1]))
                found[name] = kind, audit.images[stays]["image_id"]


def _remove_leaks(audit: Audit, found: dict[str, tuple[str, str]]) -> None:
    held_out: dict[str, str] = {}
    for row in audit.images:
        if row["split"] == "held-out":
            held_out.setdefault(row["scene"], row["image_id"])
    for row in audit.images:
        if row["split"] == "train" and row["scene"] in held_out:
            found.setdefault(row["image_id"], ("leak", held_out[row["scene"]]))


def write_clean_manifest(
    audit: Audit, path: Path, *, overwrite: bool = False
) -> dict[str, tuple[str, str]]:
    """Write the sources without what leaks, repeats or is faulty, as a manifest.

    Beside it go ``<stem>.groups.csv`` with the scenes, and ``<stem>.removed.csv`` with the images
    that are not in it and why.

    Returns
    -------
    What was removed, as of `removals`.

    Raises
    ------
    ParameterError
        The name does not end in ``.toml``.
    SourceError
        Nothing would be left.
    OutputExistsError
        Something else lies at one of the files.
    """
    gone = removals(audit)
    kept = [row for row in audit.images if row["image_id"] not in gone]
    if not kept:
        raise SourceError("no image would be left in the clean manifest; look at the findings")
    counts = Counter(reason for reason, _ in gone.values())
    remarks = [
        f"Made by rainmer-analysis audit: {len(kept)} of {len(audit.images)} images.",
        "Left out: " + (", ".join(f"{kind} {n}" for kind, n in sorted(counts.items())) or "none"),
    ]
    texts = _manifest(path, kept, remarks)
    rows = [[name, reason, because] for name, (reason, because) in gone.items()]
    texts[path.with_suffix(".removed.csv")] = csv_text(_REMOVED, rows)
    _publish_all(texts, overwrite=overwrite)
    return gone


def write_scene_manifest(audit: Audit, path: Path, *, overwrite: bool = False) -> None:
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
    _publish_all(_manifest(path, rows, remarks), overwrite=overwrite)


def _manifest(
    path: Path, rows: Sequence[Mapping[str, Any]], remarks: Sequence[str]
) -> dict[Path, str]:
    """Return the texts of a manifest and of its file of scenes."""
    demand_suffix(path, "a manifest", ".toml")
    base, groups = path.parent.absolute(), path.with_suffix(".groups.csv")
    parts: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        parts[row["dataset"]][_kind(row)].append(row)
    lines = [f"# {each}" for each in remarks]
    for dataset, kinds in parts.items():
        for place, (kind, own) in enumerate(kinds.items()):
            lines += [
                "",
                "[[dataset]]",
                f"name = {quoted(dataset + (f'-{kind}' if place else ''))}",
            ]
            lines += entry_lines("images", [row["path"] for row in own], base)
            if kind == "paired":
                lines += entry_lines("targets", [row["target"] for row in own], base)
            if kind in _HALVES:
                lines.append(f"halves = {quoted(_HALVES[kind])}")
            lines.append(f"groups = {quoted(groups.name)}")
    scenes = dict.fromkeys((relative_path(row["path"], base), row["scene"]) for row in rows)
    return {path: "\n".join([*lines, ""]), groups: csv_text(("image", "group"), scenes)}


def _kind(row: Mapping[str, Any]) -> str:
    if row["region"] != "whole":
        return str(row["region"])
    return "unpaired" if row["target"] is None else "paired"
