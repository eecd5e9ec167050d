"""A dataset card in Markdown: what a table of properties says of each dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rainmer_analysis.recipes.datasets.compare_simulated_with_real import load_real_measurements
from rainmer_analysis.recipes.properties.property_summary import summarise_properties
from rainmer_analysis.recipes.write_text_files import write_text_once
from rainmer_analysis.values import PROPERTIES, PropertyTable, checked_suffix

__all__ = ["UNITS", "dataset_card_markdown", "write_dataset_card_once"]

UNITS: Mapping[str, str] = {
    "density": "",
    "entropy": "bits",
    "entropy_target": "bits",
    "gradient": "levels",
    "brightness": "levels",
    "brightness_target": "levels",
    "monochromaticity": "levels",
    "psnr": "dB",
}
"""Unit of each measure; levels are those of 0 to 255."""

_PUBLISHED = {
    "density": "density",
    "entropy": "entropy_rainy",
    "entropy_target": "entropy_clean",
    "gradient": "gradient",
    "brightness": "brightness_rainy",
    "brightness_target": "brightness_clean",
    "monochromaticity": "non_monochromaticity",
    "psnr": "psnr",
}
_DEFINITIONS = {
    "density": "mean over pixels of max|R − G| / (max R + max G + 0.001) over channels, in [0, 1]",
    "entropy": "mean over channels of the entropy of 16 bins of levels; `entropy_target` of G",
    "gradient": "mean |vertical difference of R − G| where a channel changes by more than 8 levels",
    "brightness": "mean level; `brightness_target` of G",
    "monochromaticity": "standard deviation of R − G across channels in the same mask; 0 for grey",
    "psnr": "of R against G on luma (16 to 235, not rounded), peak 255",
}
_COLUMNS = ("mean", "sd", "p5", "p25", "p50", "p75", "p95")
_SHOWN = 20


def write_dataset_card_once(
    table: PropertyTable, path: str | Path, *, overwrite: bool = False
) -> bool:
    """Write the card of a table to a ``.md`` file, and return whether it was there already."""
    target = Path(path)
    checked_suffix(target, "a dataset card", ".md", also=(".markdown",))
    return write_text_once(target, dataset_card_markdown(table), overwrite=overwrite)


def dataset_card_markdown(table: PropertyTable) -> str:
    """Return a card in Markdown: per dataset its images, its measures and what was left out.

    Beside the measures stand the means of the three real sets whose measurements were published.
    Licence, origin and consent are not in image files, and a card does not guess them.
    """
    summary, parts = summarise_properties(table), table.by_dataset()
    sections = [_dataset_section(name, summary[name], parts[name]) for name in summary]
    lines = ["# Dataset card: " + ", ".join(map(_escape_markdown, summary)), ""]
    lines += [line for section in sections for line in section]
    lines += _left_out_lines(table)
    lines += ["## Definitions", "", "R is the image, G its clean target.", ""]
    lines += [f"- `{name}`: {words}" for name, words in _DEFINITIONS.items()]
    lines += [
        "",
        "A measure is not defined without a usable target (all that compare R and G), or where no "
        "pixel changes by more than 8 levels (`gradient`, `monochromaticity`). The PSNR of equal "
        "images is infinite and in no mean.",
        "",
        "Licence, origin, and consent of people shown are not recorded in image files: consult "
        "the datasets' own pages.",
        "",
    ]
    return "\n".join(lines)


def _dataset_section(name: str, found: Mapping[str, Any], part: PropertyTable) -> list[str]:
    sizes = found["sizes"]
    small, large = ("{}×{}".format(*sizes[each]) for each in ("smallest", "largest"))
    span = small if sizes["count"] == 1 else f"{small} to {large} ({sizes['count']:,} sizes)"
    facts = {
        "Images": f"{found['images']:,}",
        "With a clean target": f"{found['pairs']:,}",
        "Scenes": f"{found['scenes']:,}",
        "Size in pixels": span,
        "Formats": _format_suffix_counts(part),
        "Drawn": _sampling_sentence(part),
        "Fingerprint": f"`{_files_fingerprint(part)}`",
    }
    lines = [f"## {_escape_markdown(name)}", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in facts.items()]
    header = ["measure", "n", "not defined", "mean", "sd", "5 %", "25 %", "50 %", "75 %", "95 %"]
    real = load_real_measurements()
    published = [each for each in real if each != "source"]
    lines += [
        "",
        _markdown_row([*header, *published]),
        _markdown_row(["---", *["---:"] * (len(header) + 2)]),
    ]
    for each in PROPERTIES:
        facts_of = found["properties"][each]
        unit = f" ({UNITS[each]})" if UNITS[each] else ""
        means = [real[one][_PUBLISHED[each]]["mean"] for one in published]
        cells = [_format_number(facts_of[column], each) for column in _COLUMNS]
        undefined = f"{facts_of['undefined']:,}"
        undefined += f" (+ {facts_of['infinite']:,} infinite)" if facts_of["infinite"] else ""
        own = [f"`{each}`{unit}", f"{facts_of['n']:,}", undefined, *cells]
        lines.append(_markdown_row([*own, *(_format_number(mean, each) for mean in means)]))
    return [*lines, "", f"Right: published means of {', '.join(published)}.", ""]


def _sampling_sentence(table: PropertyTable) -> str:
    """Say how the images of a table were drawn."""
    number = table.made.get("sampling", {}).get("per_dataset")
    if number is None:
        return "all images"
    return f"at most {number:,} a dataset, seed {table.made.get('seed')}"


def _format_suffix_counts(part: PropertyTable) -> str:
    suffixes = [Path(str(path)).suffix.lower() or "none" for path in part.rows.cells("path")]
    order = sorted(set(suffixes), key=lambda each: (-suffixes.count(each), each))
    return ", ".join(f"{each} {suffixes.count(each):,}" for each in order)


def _files_fingerprint(part: PropertyTable) -> str:
    """Identify a set by its files: the SHA-256 of the sorted hashes of the images."""
    hashes = sorted(str(each) for each in part.rows.cells("sha256"))
    return "sha256:" + hashlib.sha256("\n".join(hashes).encode("ascii")).hexdigest()


def _left_out_lines(table: PropertyTable) -> list[str]:
    lines: list[str] = []
    for key, title in (
        ("left_out", "Images left out"),
        ("partners", "Targets that cannot be used"),
    ):
        found: Sequence[Sequence[str]] = table.made.get(key, ())
        if not found:
            continue
        lines += [f"## {title}: {len(found):,}", ""]
        lines += [
            f"- {_escape_markdown(each[0])}: {_escape_markdown(each[3])}" for each in found[:_SHOWN]
        ]
        rest = len(found) - _SHOWN
        lines += [f"- and {rest:,} more"] if rest > 0 else []
        lines.append("")
    return lines


def _format_number(value: float | None, measure: str) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if measure == "density" else f"{value:.2f}"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escape_markdown(text: str) -> str:
    """Keep names from being read as Markdown, HTML or several lines."""
    plain = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    for sign in "\\`*_[]<>|#":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
