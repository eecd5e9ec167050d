"""``reproduce`` and ``figure``: the paper's figures, matrices and claims."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, figure_options
from rainmer_analysis.cli.terminal.matrix_text import matrix_text

__all__ = ["claims_text", "figure", "reproduce"]

_ENCODERS = ("rainmer", "airnet", "statistics")


@click.command()
@figure_options
@click.option("--controls", is_flag=True, help="Also run 20 untrained encoders (slow).")
@common_options
def reproduce(
    common: CommonOptions,
    out: str,
    root: str | None,
    per_dataset: int | None,
    controls: bool,
    **how: str,
) -> None:
    """Make figures 1, 2 and 3 with their matrices and claims."""
    from rainmer_analysis.recipes.paper import reproduce as recipe
    from rainmer_analysis.values import matrix_document

    with common.progress_bar("image") as progress:
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
        "pictures": [str(path) for path in (*made.pictures, *made.companions)],
        "claims": [dict(claim) for claim in made.claims],
        "matrices": {name: matrix_document(matrix) for name, matrix in made.uncertain.items()},
        "agreement": agreed,
        "note": made.note,
    }
    lines = [claims_text(made.claims, made.controls)]
    for name, matrix in made.uncertain.items():
        lines += ["", f"{name.partition('/')[0]}: {matrix_text(matrix)}"]
    lines += ["", f"Note: {made.note}.", ""]
    pictures = (*made.pictures, *made.companions)
    lines += [f"wrote {path}" for path in pictures if path.suffix == ".pdf"]
    lines.append(f"wrote {out}/claims.json" + ("" if agreed is None else f"\n{agreed}"))
    common.print_result(document, "\n".join(lines))


@click.command()
@click.argument("number", type=click.Choice(["1", "2", "3"]))
@figure_options
@common_options
def figure(
    common: CommonOptions,
    number: str,
    out: str,
    root: str | None,
    per_dataset: int | None,
    **how: str,
) -> None:
    """Make figure 1 (architecture), 2 (deraining sets) or 3 (snow, rain, raindrops)."""
    from rainmer_analysis.recipes.paper import FigureRequest, make_figure

    request = FigureRequest.with_default_count(
        Path(out), root, per_dataset, seed=common.seed, overwrite=common.overwrite, **how
    )
    with common.progress_bar("image") as progress:
        pictures = make_figure(int(number), request, progress=progress)
    document = {"kind": "figure", "number": int(number), "pictures": [str(p) for p in pictures]}
    common.print_result(document, "\n".join(f"wrote {path}" for path in pictures))


def claims_text(claims: Sequence[Mapping[str, Any]], controls: Mapping[str, Any] | None) -> str:
    """Lay the claims out as text: each sentence above its numbers."""
    stored = {} if controls is None else controls["claims"]
    head = f"{'':4}{'figure':8}{'holds':11}" + "".join(f"{name:>11}" for name in _ENCODERS)
    lines = [head + f"{'95 % interval':>17}{'untrained 5-95 %':>18}"]
    for claim in claims:
        values = claim["values"]
        cells = "".join(
            f"{values[name]:>11.2f}" if name in values else f"{'-':>11}" for name in _ENCODERS
        )
        control = stored.get(claim["claim"])
        spread = "-" if control is None else _format_range(control["p5"], control["p95"])
        bounds = _format_range(*(claim["interval"] or ()))
        said = f"{claim['view']}: {claim['statement']} ({claim['statistic']} {claim['holds if']})"
        lines += ["", *textwrap.wrap(said, 92, initial_indent=" " * 4, subsequent_indent=" " * 4)]
        judged = claim["judged"]
        lines.append(f"{'':4}{claim['figure']:8}{judged:11}{cells}{bounds:>17}{spread:>18}")
    counts = Counter(claim["judged"] for claim in claims)
    lines.append(
        f"\n{counts['yes']} of {len(claims)} claims of the supplement hold, {counts['no']} do not, "
        f"{counts['undecided']} undecided (the interval over scenes contains the bound)"
    )
    if controls is not None:
        seeds = len(controls["seeds"])
        lines.append(
            f"untrained: {seeds} seeds, {controls['data']}, run on {controls['date']} "
            f"at commit {controls['commit']}"
        )
    return "\n".join(lines)


def _format_range(*bounds: float) -> str:
    if not bounds or any(math.isnan(bound) for bound in bounds):
        return "-"
    return f"{bounds[0]:.2f} .. {bounds[1]:.2f}"
