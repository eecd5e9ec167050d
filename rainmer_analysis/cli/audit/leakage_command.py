"""``leakage``: what results owe to test images that were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, text_option

__all__ = ["leakage"]


@click.command()
@click.argument("audit", metavar="AUDIT.json", type=click.Path(path_type=Path))
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@text_option("--dataset", "The test set, as in the audit.", required=True)
@text_option(
    "--training",
    "Set that was trained on; may be repeated [default: all that are no test set].",
    multiple=True,
)
@text_option("--pair", "How names pair: 'RESULT -> TARGET'.", metavar="PATTERN", multiple=True)
@common_options
def leakage(
    common: CommonOptions,
    audit: Path,
    results: Path,
    dataset: str,
    training: tuple[str, ...],
    pair: tuple[str, ...],
) -> None:
    """Compare RESULTS on test images whose scenes were trained on with those on the others.

    AUDIT.json is what `audit` wrote of the test set and the training sets together; RESULTS is a
    folder of restored images. No network runs.
    """
    from rainmer_analysis.recipes.audit import read_audit
    from rainmer_analysis.recipes.audit.measure_leakage import measure_leakage

    with common.progress_bar("image") as progress:
        found = measure_leakage(
            read_audit(audit),
            results,
            dataset=dataset,
            training=training,
            pair=list(pair) or None,
            seed=common.seed,
            progress=progress,
        )
    document = found.document()
    common.print_result(document, _leakage_text(document))


def _leakage_text(document: Mapping[str, Any]) -> str:
    sides = [
        f"{document[side]['images']:,} images of {document[side]['scenes']:,} scenes {what}"
        for side, what in (("leaked", "leaked"), ("other", "did not"))
    ]
    lines = [f"{document['dataset']} against {', '.join(document['training'])}: {'; '.join(sides)}"]
    for name, each in document["prices"].items():
        unit, digits = (" dB", 2) if name == "psnr" else ("", 4)
        lines.append(
            f"{name}: {each['leaked']:.{digits}f} on leaked, {each['other']:.{digits}f} on other "
            f"images{unit}; difference {_format_interval(each, '', digits)}, "
            f"of gains over the inputs {_format_interval(each, 'gain_', digits)}"
        )
    lines += [f"left out: {each['image']}: {each['reason']}" for each in document["left_out"]]
    return "\n".join(lines)


def _format_interval(price: Mapping[str, Any], prefix: str, digits: int) -> str:
    value = f"{price[prefix + 'difference']:+.{digits}f}"
    if price[prefix + "low"] is None:
        return f"{value} (too few scenes for an interval)"
    return f"{value} [{price[prefix + 'low']:+.{digits}f}, {price[prefix + 'high']:+.{digits}f}]"
