"""``place``: new images against a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, device_option, progress_bar

if TYPE_CHECKING:
    from rainmer_analysis.recipes.place import Passport, Passports

__all__ = ["place"]

_SHOWN = 5


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--against",
    required=True,
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="Table that `extract` wrote, of the datasets to compare with.",
)
@click.option(
    "--level",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of new images of a dataset that are not called 'none of these'.",
)
@click.option(
    "--weights", default=None, metavar="FILE", help="The table's weights, if not shipped."
)
@click.option(
    "--neighbors",
    default=50,
    show_default=True,
    metavar="N",
    help="Images that an image is held near to on the map.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Also write one page with pictures and the map.",
)
@device_option
@common_options
def place(
    common: CommonOptions,
    images: tuple[str, ...],
    against: Path,
    level: float,
    weights: str | None,
    neighbors: int,
    html: Path | None,
    device: str,
) -> None:
    """Say which datasets of TABLE each IMAGE is like, or that it is like none of them.

    Probabilities are calibrated, given that the image is of one of the datasets; "none of these"
    is a test over scenes at the level. The map's radius holds the true place with the same level.

    \b
    Example:
      rainmer-analysis place new.jpg --against tables/rainmer-degradation.parquet
    """  # noqa: D301
    # torch waits until there is work, so that --help does not
    from rainmer_analysis.recipes.place import place as recipe
    from rainmer_analysis.values import EmbeddingTable, read_as

    table = read_as(against, EmbeddingTable)
    with progress_bar(common, "image") as progress:
        done = recipe(
            images,
            table,
            level=level,
            weights=weights,
            neighbors=neighbors,
            device=device,
            seed=common.seed,
            progress=progress,
        )
    for sentence in done.notes:
        common.note(sentence)
    for path, reason in done.skipped:
        common.note(f"left out: {path}: {reason}")
    if html is not None:
        from rainmer_analysis.recipes.place import write_passports

        state = write_passports(done, html, overwrite=common.overwrite)
        common.note(f"{html}: {state}")
    text = "\n\n".join(_passport_text(each, done) for each in done.passports)
    common.result([each.document() for each in done.passports], text)


def _passport_text(passport: Passport, done: Passports) -> str:
    lines = [passport.path, *_verdict_sentence(passport, done.level)]
    shown = list(passport.datasets.items())[:_SHOWN]
    width = max(len(name) for name, _ in shown)
    lines += [f"  {name.ljust(width)}  {probability:6.1%}" for name, probability in shown]
    if len(passport.datasets) > _SHOWN:
        lines.append(f"  and {len(passport.datasets) - _SHOWN} more")
    lines.append("nearest images:")
    lines += [f"  {degrees:5.1f} degrees  {name}" for name, degrees in passport.neighbours]
    disc = "" if passport.radius is None else f", within {passport.radius:.0f} degrees"
    lines.append(f"on the map: longitude {passport.lon:.0f}, latitude {passport.lat:.0f}{disc}")
    if passport.known_as is not None:
        lines.append(f"the table holds this very file as {passport.known_as}")
    return "\n".join(lines)


def _verdict_sentence(passport: Passport, level: float) -> list[str]:
    if passport.outside:
        best = max(passport.p_values.values())
        return [
            f"none of these: stranger than at least {level:.0%} of the scenes of every dataset "
            f"(largest p {best:.3f}); if it were of one of them:"
        ]
    taken = [name for name, p in passport.p_values.items() if p > 1 - level + 1e-12]
    return [f"not unusual for: {', '.join(taken)}; probabilities:"]
