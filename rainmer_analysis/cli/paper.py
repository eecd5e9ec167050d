"""``reproduce`` and ``figure``: the paper's figures, matrices and claims."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli.options import Common, bar, common_options, figure_options

__all__ = ["claims_text", "figure", "reproduce"]

_ENCODERS = ("rainmer", "airnet", "statistics")


@click.command()
@figure_options
@click.option("--controls", is_flag=True, help="Also run 20 untrained encoders (slow).")
@common_options
def reproduce(
    common: Common,
    out: str,
    root: str | None,
    per_dataset: int | None,
    controls: bool,
    **how: str,
) -> None:
    """Make figures 1, 2 and 3 with their matrices and claims."""
    from rainmer_analysis.recipes.paper.reproduce import reproduce as recipe
    from rainmer_analysis.values import matrix_document

    with bar(common, "images") as progress:
        made = recipe(
            out,
            root=root,
            per_dataset=per_dataset,
            seed=common.seed,
            **how,
            controls=controls,
            overwrite=common.overwrite,
            progress=progress,
        )
    agreed = None if made.agreement is None else made.agreement.sentence
    document = {
        "kind": "reproduction",
        "pictures": [str(path) for path in made.pictures],
        "claims": [dict(claim) for claim in made.claims],
        "matrices": {name: matrix_document(matrix) for name, matrix in made.matrices.items()},
        "agreement": agreed,
        "note": made.note,
    }
    lines = [claims_text(made.claims, made.controls), "", f"Note: {made.note}.", ""]
    lines += [f"wrote {path}" for path in made.pictures if path.suffix == ".pdf"]
    lines.append(f"wrote {out}/claims.json" + ("" if agreed is None else f"\n{agreed}"))
    common.result(document, "\n".join(lines))


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
    **how: str,
) -> None:
    """Make figure 1 (architecture), 2 (deraining sets) or 3 (snow, rain, raindrops)."""
    from rainmer_analysis.recipes.paper.figures import make_figure
    from rainmer_analysis.recipes.paper.stages import Request

    request = Request.of(
        Path(out), root, per_dataset, seed=common.seed, overwrite=common.overwrite, **how
    )
    with bar(common, "images") as progress:
        pictures = make_figure(int(number), request, progress=progress)
    document = {"kind": "figure", "number": int(number), "pictures": [str(p) for p in pictures]}
    common.result(document, "\n".join(f"wrote {path}" for path in pictures))


def claims_text(claims: Sequence[Mapping[str, Any]], controls: Mapping[str, Any] | None) -> str:
    """Lay the claims out as text: each sentence above its numbers."""
    stored = {} if controls is None else controls["claims"]
    head = f"{'':4}{'figure':8}{'holds':7}" + "".join(f"{name:>12}" for name in _ENCODERS)
    lines = [head + f"{'untrained 5-95 %':>20}"]
    for claim in claims:
        values = claim["values"]
        cells = "".join(
            f"{values[name]:>12.2f}" if name in values else f"{'-':>12}" for name in _ENCODERS
        )
        control = stored.get(claim["claim"])
        spread = "-" if control is None else f"{control['p5']:.2f} .. {control['p95']:.2f}"
        verdict = "yes" if claim["verdict"] else "no"
        said = f"{claim['view']}: {claim['statement']} ({claim['statistic']} {claim['holds if']})"
        lines += ["", *textwrap.wrap(said, 92, initial_indent=" " * 4, subsequent_indent=" " * 4)]
        lines.append(f"{'':4}{claim['figure']:8}{verdict:7}{cells}{spread:>20}")
    held = sum(bool(claim["verdict"]) for claim in claims)
    lines.append(f"\n{held} of {len(claims)} claims of the supplement hold")
    if controls is not None:
        seeds = len(controls["seeds"])
        lines.append(
            f"untrained: {seeds} seeds, {controls['data']}, run on {controls['date']} "
            f"at commit {controls['commit']}"
        )
    return "\n".join(lines)
