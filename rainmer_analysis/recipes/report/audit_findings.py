"""Findings of an audit, as a report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing.findings import FINDINGS
from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.pages import FindingRow, FindingsOfKind
from rainmer_analysis.values import Rows, read_json

__all__ = ["audited_scene_notes", "read_audit_findings"]

_SHOWN = 12


def read_audit_findings(path: str | Path, rows: Rows) -> list[FindingsOfKind]:
    """Read what an audit found, by kind in the order of its reports, tied to the rows of a report.

    Raises
    ------
    FileFormatError
        The file is missing or of another kind.
    """
    places = {name: row for row, name in enumerate(rows.cells("image_id"))}
    document = _read_audit_document(path)
    try:
        listed = [(each["finding"], _finding_row(each, places)) for each in document["findings"]]
    except (KeyError, TypeError) as error:
        raise FileFormatError(_no_audit_sentence(path)) from error
    found = []
    for kind in dict.fromkeys([*FINDINGS, *(kind for kind, _ in listed)]):
        own = sorted((row for name, row in listed if name == kind), key=lambda row: not row.leak)
        if own:
            found.append(FindingsOfKind(FINDINGS.get(kind, kind), len(own), own[:_SHOWN]))
    return found


def audited_scene_notes(path: str | Path, rows: Rows) -> list[str]:
    """Say which datasets share scenes, and where an audit sees fewer scenes than labels name."""
    counts = rows.group_counts
    try:
        datasets = _read_audit_document(path).get("datasets", {})
        known = {name: datasets[name] for name in counts if name in datasets}
        found = [
            f"{name} and {other} share {count:,} scene{'' if count == 1 else 's'}: there they "
            "differ in weather and light alone."
            for place, name in enumerate(known)
            for other, count in known[name]["shared_scenes"].items()
            if other in list(known)[place + 1 :]
        ]
        fewer = {name: each["scenes"] for name, each in known.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise FileFormatError(_no_audit_sentence(path)) from error
    return found + [
        f"{name} shows {seen:,} scenes by the audit, and the intervals count {counts[name]:,}: "
        "they are narrower than they should be. The file of audit --scene-manifest, given in place "
        "of the folders, counts scenes."
        for name, seen in fewer.items()
        if seen < counts[name]
    ]


def _read_audit_document(path: str | Path) -> dict[str, Any]:
    try:
        document = read_json(Path(path))
        if document["kind"] != "audit":
            raise FileFormatError(_no_audit_sentence(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(_no_audit_sentence(path)) from error
    return dict(document)


def _no_audit_sentence(path: str | Path) -> str:
    return f"{path} holds no audit; give a file that 'rainmer-analysis audit' wrote"


def _finding_row(finding: Mapping[str, Any], places: Mapping[str, int]) -> FindingRow:
    names = [str(name) for name in (finding["a"], finding.get("b")) if name]
    return FindingRow(
        names,
        [places.get(name) for name in names],
        str(finding.get("detail", "")),
        bool(finding.get("leak", False)),
    )
