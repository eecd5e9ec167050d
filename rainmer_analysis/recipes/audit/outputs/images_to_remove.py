"""Which images an audit would take out, and why."""

from __future__ import annotations

from collections import defaultdict

from rainmer_analysis.auditing import first_member_of_component
from rainmer_analysis.recipes.audit.audit_file import Audit

__all__ = ["images_to_remove"]

_OF_ONE = (
    "unreadable",
    "missing-partner",
    "size-mismatch",
    "identical-pair",
    "swapped-pair",
    "shifted-pair",
)
_REPEATS = ("duplicate", "near-duplicate")


def images_to_remove(audit: Audit) -> dict[str, tuple[str, str]]:
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
    _add_copies_to_remove(audit, found)
    _add_leaks_to_remove(audit, found)
    for finding in audit.findings:
        if finding.finding == "known-set" and splits[finding.a] == "train":
            because = f"{finding.numbers['set']}: {finding.numbers['image']}"
            found.setdefault(finding.a, ("known-set", because))
    return found


def _add_copies_to_remove(audit: Audit, found: dict[str, tuple[str, str]]) -> None:
    """Leave one of all images that are copies of each other, directly or through others."""
    places = {row["image_id"]: place for place, row in enumerate(audit.images)}
    copies = [each for each in audit.findings if each.finding in _REPEATS and each.b is not None]
    kinds = {each.a: each.finding for each in copies}
    pairs = [(places[each.a], places[each.b or ""]) for each in copies]
    groups: dict[int, list[int]] = defaultdict(list)
    for place, first in enumerate(first_member_of_component(len(places), pairs)):
        if audit.images[place]["image_id"] not in found:
            groups[int(first)].append(place)
    for members in groups.values():
        stays = min(members, key=lambda place: (audit.images[place]["split"] != "held-out", place))
        for place in members:
            name = audit.images[place]["image_id"]
            if place != stays:
                kind = kinds.get(name, kinds.get(audit.images[stays]["image_id"], _REPEATS[1]))
                found[name] = kind, audit.images[stays]["image_id"]


def _add_leaks_to_remove(audit: Audit, found: dict[str, tuple[str, str]]) -> None:
    held_out: dict[str, str] = {}
    for row in audit.images:
        if row["split"] == "held-out":
            held_out.setdefault(row["scene"], row["image_id"])
    for row in audit.images:
        if row["split"] == "train" and row["scene"] in held_out:
            found.setdefault(row["image_id"], ("leak", held_out[row["scene"]]))
