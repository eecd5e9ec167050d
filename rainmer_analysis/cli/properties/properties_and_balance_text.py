"""Measures and changes as tables to read in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from rainmer_analysis.cli.terminal.text_tables import align_columns, printable

__all__ = ["balance_text", "properties_text"]

_HEADS = {
    "density": "density",
    "entropy": "entropy",
    "entropy_target": "(target)",
    "gradient": "gradient",
    "brightness": "brightness",
    "brightness_target": "(target)",
    "monochromaticity": "monochrom.",
    "psnr": "psnr",
}
_OWN = ("entropy", "brightness")
_LEVELS = ("mean", "sd", "p5", "p50", "p95")


def properties_text(summary: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay out means and, below, standard deviations of each dataset, and what is not defined."""
    lines = [["dataset", "images", "pairs", *_HEADS.values()]]
    for name, found in summary.items():
        cells = [(each, found["properties"][each]) for each in _HEADS]
        counts = [f"{found['images']:,}", f"{found['pairs']:,}"]
        lines.append(
            [
                printable(name),
                *counts,
                *(_format_number(facts["mean"], each) for each, facts in cells),
            ]
        )
        lines.append(["", "", "", *(_format_spread(facts["sd"], each) for each, facts in cells)])
    notes = [note for name, found in summary.items() for note in _undefined_notes(name, found)]
    legend = "mean, and ± standard deviation over images; - where no image has the measure"
    return "\n".join([align_columns(lines), legend, *notes])


def _undefined_notes(name: str, found: Mapping[str, Any]) -> list[str]:
    notes, missing = [], found["images"] - found["pairs"]
    if missing:
        notes.append(
            f"{printable(name)}: {missing:,} of {found['images']:,} images have no "
            "target, and so no measure of a pair"
        )
    for state, words in (("undefined", "not defined"), ("infinite", "infinite, and in no mean")):
        known = missing if state == "undefined" else 0  # they stand above
        counts = {
            each: facts[state] - known * (each not in _OWN)
            for each, facts in found["properties"].items()
        }
        listed = ", ".join(f"{each} {count:,}" for each, count in counts.items() if count)
        notes += textwrap.wrap(f"{printable(name)}: {words}: {listed}", 92) if listed else []
    return notes


def _format_number(value: float | None, measure: str) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if measure == "density" else f"{value:.2f}"


def _format_spread(value: float | None, measure: str) -> str:
    return "" if value is None else f"±{_format_number(value, measure)}"


def balance_text(document: Mapping[str, Any]) -> str:
    """Lay out how properties lie before and after, and their distances to the sets to be like."""
    like = ", ".join(f"{printable(name)} ({count:,})" for name, count in document["like"].items())
    head = (
        f"{printable(document['set'])}: {document['chosen']:,} of {document['candidates']:,} rows "
        f"chosen (method {document['method']}) to be like {like}"
    )
    lines = textwrap.wrap(head, 92)
    if document["undefined"]:
        lines.append(f"{document['undefined']:,} rows lack a property and cannot be chosen")
    if document["strata"]:
        rows = [["density", "share wanted", "candidates", "chosen", "share"]]
        rows += [
            [
                each["name"],
                f"{each['share']:.4%}",
                f"{each['candidates']:,}",
                f"{each['chosen']:,}",
                f"{each['chosen'] / document['chosen']:.4%}",
            ]
            for each in document["strata"]
        ]
        lines += ["", align_columns(rows)]
    header = ["mean", "sd", "5 %", "50 %", "95 %", "Wasserstein-1", "KS"]
    for name, found in document["properties"].items():
        rows = [[name, *header]]
        for state in ("before", "after"):
            cells = [f"{found[state][level]:.4g}" for level in _LEVELS]
            far = [f"{found['wasserstein'][state]:.4g}", f"{found['ks'][state]:.4f}"]
            rows.append([f"  {state}", *cells, *far])
        rows.append(["  to be like", *(f"{found['like'][level]:.4g}" for level in _LEVELS), "", ""])
        lines += ["", align_columns(rows)]
    if document["energy"] is not None:
        before, after = (document["energy"][state] for state in ("before", "after"))
        lines += ["", f"energy distance of embeddings: {before:.4g} before, {after:.4g} after"]
    return "\n".join(lines)
