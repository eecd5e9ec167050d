"""``probe``: what an embedding space knows, beside controls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli.options import (
    CommonOptions,
    common_options,
    device_option,
    out_file,
    precision_option,
    progress_bar,
)
from rainmer_analysis.cli.probe.probe_text import probe_text

__all__ = ["probe"]

_ROLES = {
    "night": "night scenes",
    "heavy": "heavy rain",
    "light": "light rain",
    "clear": "no rain",
}


def _role_options(command: Any) -> Any:
    for name, about in reversed(_ROLES.items()):
        command = click.option(
            f"--{name}",
            default=name,
            show_default=True,
            metavar="NAME",
            help=f"Dataset of the manifest that shows {about}.",
        )(command)
    return command


@click.command()
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    default=("rainmer",),
    metavar="NAME",
    help="rainmer (default), airnet, statistics, untrained:SEED, or one from another package; "
    "may be repeated.",
)
@click.option(
    "--weights",
    multiple=True,
    metavar="FILE|NAME",
    help="A file of weights, or the shipped derain or allweather; may be repeated.",
)
@out_file("Numbers; the picture FILE.png is drawn beside.", metavar="FILE.json")
@click.option("--real", type=click.Path(), metavar="MANIFEST", help="Manifest of real sets.")
@click.option(
    "--split",
    type=click.Choice(["figure", "train"]),
    default="figure",
    show_default=True,
    help="Simulated scenes: figure to report, train to choose with.",
)
@click.option(
    "--controls",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Untrained networks beside it.",
)
@click.option("--scenes", default=24, show_default=True, metavar="N", help="Simulated scenes.")
@click.option(
    "--draws", default=4, show_default=True, metavar="N", help="Draws of each kind of weather."
)
@click.option(
    "--side", default=128, show_default=True, metavar="N", help="Pixels of simulated images."
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder of images and numbers to reuse [default: probe-cache beside FILE.json].",
)
@_role_options
@device_option
@precision_option
@common_options
def probe(common: CommonOptions, out: Path, **options: Any) -> None:
    """Measure what embedding spaces know: scenes, weather, and how much of it there is.

    Simulated scenes stand under every kind of weather, in several draws, and on ladders of rain,
    veil, exposure, snow, drops and blur. Hand-made statistics, AirNet and untrained networks are
    measured beside. With --real, the sets of a manifest are asked too: is the nearest image of
    another scene from the same set?
    """
    # numpy and torch wait until there is work, so that --help does not
    from rainmer_analysis.draw import plot_probe
    from rainmer_analysis.probing import Design
    from rainmer_analysis.recipes.probe import RealSets
    from rainmer_analysis.recipes.probe import probe as recipe

    roles = {name: options.pop(name) for name in _ROLES}
    real = options.pop("real")
    chosen = {name: options.pop(name) for name in ("split", "scenes", "draws", "side")}
    with progress_bar(common, "image") as progress:
        found = recipe(
            list(options.pop("encoders")),
            weights=list(options.pop("weights")),
            design=Design(**chosen, seed=common.seed),
            real=None if real is None else RealSets(real, **roles),
            out=out,
            overwrite=common.overwrite,
            progress=progress,
            **options,
        )
    picture = out.with_suffix(".png")
    drawing = plot_probe(found.document)
    current = drawing.is_up_to_date(picture, overwrite=common.overwrite)
    drawing.save(picture, overwrite=common.overwrite)
    common.note(f"{out}: {'up to date' if found.up_to_date else 'written'}")
    common.note(f"{picture}: {'up to date' if current else 'written'}")
    common.result(found.document, probe_text(found.document))
