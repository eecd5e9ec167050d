"""``probe``: what an embedding space knows, beside controls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options
from rainmer_analysis.cli.probe.probe_text import probe_text

__all__ = ["probe"]

_ROLES = {"night": "night scenes", "heavy": "heavy rain", "light": "light rain", "clear": "no rain"}


def _dataset_role_options(command: Any) -> Any:
    for name, about in reversed(_ROLES.items()):
        option = options.text_option(
            f"--{name}", f"Dataset of the manifest that shows {about}.", default=name
        )
        command = option(command)
    return command


@click.command()
@options.text_option(
    "--encoder",
    "rainmer (default), airnet, statistics, untrained:SEED, or one from another package; "
    "may be repeated.",
    dest="encoders",
    multiple=True,
    default=("rainmer",),
    show_default=False,
)
@options.text_option(
    "--weights",
    "A file of weights, or the shipped derain or allweather; may be repeated.",
    metavar="FILE|NAME",
    multiple=True,
)
@options.out_file_option("Numbers; the picture FILE.png is drawn beside.", metavar="FILE.json")
@click.option("--real", type=click.Path(), metavar="MANIFEST", help="Manifest of real sets.")
@options.choice_option(
    "--split", ("figure", "train"), "Simulated scenes: figure to report, train to choose with."
)
@options.count_option("--controls", 20, "Untrained networks beside it.", least=0)
@options.count_option("--scenes", 24, "Simulated scenes.", least=None)
@options.count_option("--draws", 4, "Draws of each kind of weather.", least=None)
@options.count_option("--side", 128, "Pixels of simulated images.", least=None)
@options.path_option(
    "--cache",
    "DIR",
    "Folder of images and numbers to reuse [default: probe-cache beside FILE.json].",
    folder=True,
)
@_dataset_role_options
@options.device_option
@options.precision_option
@common_options
def probe(common: CommonOptions, out: Path, **values: Any) -> None:
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

    roles = {name: values.pop(name) for name in _ROLES}
    real = values.pop("real")
    chosen = {name: values.pop(name) for name in ("split", "scenes", "draws", "side")}
    with common.progress_bar("image") as progress:
        found = recipe(
            list(values.pop("encoders")),
            weights=list(values.pop("weights")),
            design=Design(**chosen, seed=common.seed),
            real=None if real is None else RealSets(real, **roles),
            out=out,
            overwrite=common.overwrite,
            progress=progress,
            **values,
        )
    picture = out.with_suffix(".png")
    current = common.save_drawing_once(plot_probe(found.document), picture)
    common.print_and_return_state(out, up_to_date=found.up_to_date)
    common.print_and_return_state(picture, up_to_date=current)
    common.print_result(found.document, probe_text(found.document))
