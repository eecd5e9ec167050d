"""``confounds``: how much of the distance between datasets is not weather."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.terminal.text_tables import align_columns

__all__ = ["confounds"]

_HEADER = ["space", "datasets", "confound", "distance", "equalised", "share", "kept"]


@click.command()
@options.source_options
@options.text_option(
    "--encoder",
    "Encoder; may be repeated.",
    dest="encoders",
    multiple=True,
    default=("rainmer", "statistics", "untrained:0"),
)
@options.count_option("--per-dataset", 60, "Images drawn from each dataset.", least=4)
@click.option("--score", default="energy", show_default=True, help="A distance of `relate`.")
@options.device_option
@common_options
def confounds(
    common: CommonOptions, sources: tuple[str, ...], encoders: tuple[str, ...], **values: Any
) -> None:
    """Make SOURCE... alike in encoding, size, exposure, colour or contrast, and compare again.

    What the distance loses is the share of that thing. Where there are clean partners, their
    distance is printed, too, that of scenes and cameras, and that of images less their partners.
    """
    from rainmer_analysis.recipes.measure_confounds import measure_confounds

    with common.progress_bar("image") as progress:
        found = measure_confounds(sources, encoders, seed=common.seed, progress=progress, **values)
    document = found.document()
    common.print_result(document, _confounds_text(document))
    for each in document["left_out"]:
        common.print_note(f"left out: {each['image_id']}: {each['reason']}")


def _confounds_text(document: Mapping[str, Any]) -> str:
    rows = [_HEADER, *(_confound_cells(each) for each in document["rows"])]
    legend = (
        "share: what the distance loses when both are made alike in it (for scenes: the distance "
        "of the clean partners),\nat most what is not weather; kept: what the distance between "
        "degraded images and their own partners retains"
    )
    if any(each["equalised"] is None for each in document["rows"]):
        legend += "\n-: minus-clean and scenes need clean partners in both datasets"
    return f"{align_columns(rows, left=3)}\n{legend}"


def _confound_cells(each: Mapping[str, Any]) -> list[str]:
    return [
        f"{each['encoder']}/{each['view']}",
        f"{each['a']} - {each['b']}",
        each["confound"],
        *(_format_or_dash(each[name], "{:.4f}") for name in ("distance", "equalised")),
        *(_format_or_dash(each[name], "{:.0%}") for name in ("share", "kept")),
    ]


def _format_or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
