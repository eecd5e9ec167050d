"""``compare``: how two encoders agree about the same images and datasets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

if TYPE_CHECKING:
    from rainmer_analysis.scores import Agreement

__all__ = ["compare_encoders"]

_NAMES = {
    "cka": "linear CKA",
    "cka_debiased": "linear CKA, debiased",
    "procrustes": "Procrustes similarity",
    "rsa": "RSA of dataset matrices",
}


@click.command("compare")
@click.argument("first", metavar="TABLE", type=click.Path(path_type=Path))
@click.argument("second", metavar="TABLE", type=click.Path(path_type=Path))
@options.out_file_option("Agreement to write: .json.")
@options.count_option("--resamples", 1000, "Bootstrap resamples of RSA's interval.", least=2)
@common_options
def compare_encoders(
    common: CommonOptions, first: Path, second: Path, out: Path, resamples: int
) -> None:
    """Measure how two encoders agree about the images that both TABLEs hold.

    TABLE is a Parquet file that `extract` wrote, or a directory of parts. Linear CKA, orthogonal
    Procrustes and RSA need the same images on both sides: right between encoders, and no score
    between datasets.
    """
    from rainmer_analysis.recipes.compare_encoders import (
        agreement_document,
        compare_and_write_agreement,
    )
    from rainmer_analysis.values import EmbeddingTable, read_as

    table, other = (read_as(path, EmbeddingTable) for path in (first, second))
    with common.progress_bar("subsample"):
        kept = compare_and_write_agreement(
            table, other, out, resamples=resamples, seed=common.seed, overwrite=common.overwrite
        )
    common.print_and_return_state(out, up_to_date=kept.up_to_date)
    one, two = kept.value.left_out
    if one or two:
        common.print_note(
            f"left out: {one} image(s) that only {first} holds, {two} that only {second} holds"
        )
    common.print_result(agreement_document(kept.value), _agreement_text(kept.value))


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
        text = f"{estimate.value:5.2f}"
        if not math.isnan(estimate.low):
            text += f"  {estimate.low:z.2f}..{estimate.high:z.2f}"
        if key == "rsa" and found.rsa_ceiling is not None and not math.isnan(found.rsa_ceiling):
            text += f"  ceiling {found.rsa_ceiling:.2f}"
        lines.append(f"{name:25} {text}")
    lines.append(f"{found.parameters['level']:.0%} intervals over scenes")
    return "\n".join(lines)
