"""``datasets simulate``: the embedded default as folders of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.terminal.text_tables import align_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["simulate"]


@click.command()
@options.path_option("--out", "DIRECTORY", "Folder to fill.", folder=True)
@options.count_option("--per-dataset", 120, "Pairs of each dataset.")
@click.option("--calibration", is_flag=True, help="Compare with measurements of the real sets.")
@options.workers_option(2)
@common_options
def simulate(common: CommonOptions, out: Path | None, *, calibration: bool, **values: Any) -> None:
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
    with common.progress_bar("pair") as progress:
        if out is not None:
            done = write_simulated_datasets(
                out, seed=common.seed, overwrite=common.overwrite, progress=progress, **values
            )
            common.print_and_return_state(out, up_to_date=done.up_to_date)
            document |= {"manifest": str(done.manifest), "pairs": done.pairs, "made": done.made}
            texts.append(str(done.manifest))
        if calibration:
            compared = compare_simulated_with_real(seed=common.seed, progress=progress, **values)
            document["calibration"] = compared.to_dict(orient="records")
            texts.append(_calibration_text(compared))
    common.print_result(document, "\n\n".join(texts))


def _calibration_text(compared: pd.DataFrame) -> str:
    header = [str(name) for name in compared.columns]
    rows = [
        [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row]
        for row in compared.itertuples(index=False)
    ]
    return align_columns([header, *rows], left=2)
