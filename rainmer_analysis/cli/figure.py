"""``figure``: one figure of the paper."""

from __future__ import annotations

from pathlib import Path

import click

from rainmer_analysis.cli.options import Common, common_options, figure_options
from rainmer_analysis.cli.progress import bar

__all__ = ["figure"]


@click.command()
@click.argument("number", type=click.Choice(["1", "2", "3"]))
@figure_options
@common_options
def figure(
    common: Common,
    number: str,
    out: str,
    root: str | None,
    per_dataset: int | None,
    device: str,
) -> None:
    """Make figure 1 (architecture), 2 (deraining sets) or 3 (snow, rain, raindrops)."""
    from rainmer_analysis.recipes.paper.figures import make_figure
    from rainmer_analysis.recipes.paper.stages import Request

    request = Request.of(
        Path(out), root, per_dataset, seed=common.seed, overwrite=common.overwrite, device=device
    )
    with bar(common, "images") as progress:
        pictures = make_figure(int(number), request, progress=progress)
    document = {"kind": "figure", "number": int(number), "pictures": [str(p) for p in pictures]}
    common.result(document, "\n".join(f"wrote {path}" for path in pictures))
