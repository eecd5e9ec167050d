"""``compare``: how two encoders agree about the same images and datasets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, out_file, progress_bar

if TYPE_CHECKING:
    from rainmer_analysis.scores import Agreement

__all__ = ["compare"]

_NAMES = {
    "cka": "linear CKA",
    "cka_debiased": "linear CKA, debiased",
    "procrustes": "Procrustes similarity",
    "rsa": "RSA of dataset matrices",
}


@click.command()
@click.argument("first", metavar="TABLE", type=click.Path(path_type=Path))
@click.argument("second", metavar="TABLE", type=click.Path(path_type=Path))
@out_file("Agreement to write: .json.")
@click.option(
    "--resamples",
    type=click.IntRange(2),
    default=1000,
    show_default=True,
    metavar="N",
    help="Bootstrap resamples of RSA's interval.",
)
@common_options
def compare(common: CommonOptions, first: Path, second: Path, out: Path, resamples: int) -> None:
    """Measure how two encoders agree about the images that both TABLEs hold.

    TABLE is a Parquet file that `extract` wrote, or a directory of parts. Linear CKA, orthogonal
    Procrustes and RSA need the same images on both sides: right between encoders, and no score
    between datasets.
    """
    from rainmer_analysis.recipes.compare_encoders import agreement_document, cached_agreement
    from rainmer_analysis.values import EmbeddingTable, read_as

    tables = [read_as(path, EmbeddingTable) for path in (first, second)]
    with progress_bar(common, "subsample"):
        kept = cached_agreement(
            tables[0],
            tables[1],
            out,
            resamples=resamples,
            seed=common.seed,
            overwrite=common.overwrite,
        )
    common.note(f"{out}: {kept.state}")
    only = kept.value.left_out
    if any(only):
        common.note(
            f"left out: {only[0]} image(s) that only {first} holds, {only[1]} that only {second} "
            "holds"
        )
    common.result(agreement_document(kept.value), _agreement_text(kept.value))


def _agreement_text(found: Agreement) -> str:
    one, two = (space.name for space in found.spaces)
    lines = [
        f"{one} and {two}: {found.images} images of {found.scenes} scenes in "
        f"{len(found.datasets)} datasets"
    ]
    for key, name in _NAMES.items():
        estimate = found.estimates[key]
        if estimate is None:
            lines.append(f"{name:25}     -  needs four datasets")
            continue
        told = f"{estimate.value:5.2f}"
        if not math.isnan(estimate.low):
            told += f"  {estimate.low:z.2f}..{estimate.high:z.2f}"
        if key == "rsa" and found.rsa_ceiling is not None and not math.isnan(found.rsa_ceiling):
            told += f"  ceiling {found.rsa_ceiling:.2f}"
        lines.append(f"{name:25} {told}")
    lines.append(f"{found.parameters['level']:.0%} intervals over scenes")
    return "\n".join(lines)
