"""``place``: new images against a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

if TYPE_CHECKING:
    from rainmer_analysis.recipes.place import PlacedImage, PlacedImages

__all__ = ["place_images"]

_SHOWN = 5


@click.command("place")
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
@options.text_option("--weights", "The table's weights, if not shipped.", metavar="FILE")
@options.count_option(
    "--neighbors", 50, "Images that an image is held near to on the map.", least=None
)
@options.path_option("--html", "FILE.html", "Also write one page with pictures and the map.")
@options.device_option
@common_options
def place_images(
    common: CommonOptions, images: tuple[str, ...], against: Path, html: Path | None, **values: Any
) -> None:
    """Say which datasets of TABLE each IMAGE is like, or that it is like none of them.

    Probabilities are calibrated, given that the image is of one of the datasets; "none of these"
    is a test over scenes at the level. The map's radius holds the true place with the same level.
    """
    # torch waits until there is work, so that --help does not
    from rainmer_analysis.recipes.place import place
    from rainmer_analysis.values import EmbeddingTable, read_as

    table = read_as(against, EmbeddingTable)
    with common.progress_bar("image") as progress:
        done = place(images, table, seed=common.seed, progress=progress, **values)
    for sentence in done.notes:
        common.print_note(sentence)
    for path, reason in done.skipped:
        common.print_note(f"left out: {path}: {reason}")
    if html is not None:
        from rainmer_analysis.recipes.place import write_placed_images_page_once

        state = write_placed_images_page_once(done, html, overwrite=common.overwrite)
        common.print_note(f"{html}: {state}")
    text = "\n\n".join(_placed_image_text(each, done) for each in done.placed)
    common.print_result([each.document() for each in done.placed], text)


def _placed_image_text(placed: PlacedImage, done: PlacedImages) -> str:
    lines = [placed.path, *_verdict_lines(placed, done.level)]
    shown = list(placed.datasets.items())[:_SHOWN]
    width = max(len(name) for name, _ in shown)
    lines += [f"  {name.ljust(width)}  {probability:6.1%}" for name, probability in shown]
    if len(placed.datasets) > _SHOWN:
        lines.append(f"  and {len(placed.datasets) - _SHOWN} more")
    lines.append("nearest images:")
    lines += [f"  {degrees:5.1f} degrees  {name}" for name, degrees in placed.neighbours]
    disc = "" if placed.radius is None else f", within {placed.radius:.0f} degrees"
    lines.append(f"on the map: longitude {placed.lon:.0f}, latitude {placed.lat:.0f}{disc}")
    if placed.known_as is not None:
        lines.append(f"the table holds this very file as {placed.known_as}")
    return "\n".join(lines)


def _verdict_lines(placed: PlacedImage, level: float) -> list[str]:
    if placed.outside:
        best = max(placed.p_values.values())
        return [
            f"none of these: stranger than at least {level:.0%} of the scenes of every dataset "
            f"(largest p {best:.3f}); if it were of one of them:"
        ]
    taken = [name for name, p in placed.p_values.items() if p > 1 - level + 1e-12]
    return [f"not unusual for: {', '.join(taken)}; probabilities:"]
