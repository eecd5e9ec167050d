"""``datasets simulate``: the embedded default as folders of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, progress_bar
from rainmer_analysis.cli.text_tables import align_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["simulate"]


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to fill.")
@click.option("--per-dataset", type=click.IntRange(1), default=120, show_default=True)
@click.option("--calibration", is_flag=True, help="Compare with measurements of the real sets.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Threads.")
@common_options
def simulate(
    common: CommonOptions,
    out: Path | None,
    per_dataset: int,
    calibration: bool,
    workers: int,
) -> None:
    """Write the embedded default as folders of images with a manifest.

    With --calibration, print how the simulated sets compare with measurements of the real ones;
    then --out may be left out.
    """
    if out is None and not calibration:
        raise click.UsageError("name a folder with --out, or ask for --calibration")
    from rainmer_analysis.recipes.datasets.compare_simulated_with_real import (
        compare_simulated_with_real,
    )
    from rainmer_analysis.recipes.datasets.write_simulated_datasets import write_simulated_datasets

    document: dict[str, object] = {"kind": "simulated"}
    texts = []
    with progress_bar(common, "pair") as progress:
        if out is not None:
            done = write_simulated_datasets(
                out,
                per_dataset=per_dataset,
                seed=common.seed,
                overwrite=common.overwrite,
                workers=workers,
                progress=progress,
            )
            common.note(f"{out}: " + ("up to date" if done.up_to_date else "written"))
            document |= {"manifest": str(done.manifest), "pairs": done.pairs, "made": done.made}
            texts.append(str(done.manifest))
        if calibration:
            compared = compare_simulated_with_real(
                per_dataset=per_dataset, seed=common.seed, workers=workers, progress=progress
            )
            document["calibration"] = compared.to_dict(orient="records")
            texts.append(_calibration_text(compared))
    common.result(document, "\n\n".join(texts))


def _calibration_text(compared: pd.DataFrame) -> str:
    header = [str(name) for name in compared.columns]
    rows = [
        [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row]
        for row in compared.itertuples(index=False)
    ]
    return align_columns([header, *rows], left=2)
