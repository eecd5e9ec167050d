"""An audit as text to read in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rainmer_analysis.cli.terminal.text_tables import align_columns, printable

__all__ = ["audit_text"]

_SHOWN = 6  # findings of a kind; the file has all


def audit_text(document: Mapping[str, Any]) -> str:
    """Lay out datasets, shared scenes, and the first findings of each kind."""
    lines = [align_columns(_dataset_rows(document["datasets"]), left=2)]
    for name, each in document["datasets"].items():
        lines += [printable(f"{name}: {note}") for note in each["notes"]]
        odd = ", ".join(f"{count:,} {what}" for what, count in each["odd"].items())
        lines += [printable(f"{name}: files that may surprise: {odd}")] if odd else []
    lines += _shared_scene_lines(document["datasets"])
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for finding in document["findings"]:
        kinds.setdefault(finding["finding"], []).append(finding)
    if not kinds:
        return "\n".join([*lines, "nothing was found"])
    for kind, found in kinds.items():
        leaks = sum(each["leak"] for each in found)
        across = f", {leaks:,} of them between training and held-out images" if leaks else ""
        lines += ["", f"{kind}: {len(found):,}{across}"]
        lines += [printable(f"  {_finding_sentence(each)}") for each in found[:_SHOWN]]
        lines += [f"  {len(found) - _SHOWN:,} more"] if len(found) > _SHOWN else []
    return "\n".join(lines)


def _dataset_rows(datasets: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    rows = [["dataset", "split", "images", "readable", "pairs", "scenes", "size", "findings"]]
    for name, each in datasets.items():
        pairs = "-" if each["pairs"] is None else f"{each['pairs']:,}"
        numbers = [f"{each[key]:,}" for key in ("images", "readable")]
        found = f"{sum(each['findings'].values()):,}"
        size = _format_size_range(each["files"]["images"])
        rows.append(
            [printable(name), each["split"], *numbers, pairs, f"{each['scenes']:,}", size, found]
        )
    return rows


def _format_size_range(files: Mapping[str, Any]) -> str:
    if files["smallest"] is None:
        return "-"
    least, most = ("x".join(map(str, files[key])) for key in ("smallest", "largest"))
    return least if least == most else f"{least} to {most}"


def _shared_scene_lines(datasets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = list(datasets)
    return [
        printable(f"{name} and {other} share {count:,} scene{'' if count == 1 else 's'}")
        for place, name in enumerate(names)
        for other, count in datasets[name]["shared_scenes"].items()
        if names.index(other) > place
    ]


def _finding_sentence(finding: Mapping[str, Any]) -> str:
    other = f" and {finding['b']}" if finding["b"] else ""
    return f"{finding['a']}{other}: {finding['detail']}"
