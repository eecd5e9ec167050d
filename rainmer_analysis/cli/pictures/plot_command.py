"""``plot map`` and ``plot matrix``: stored values to pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

if TYPE_CHECKING:
    from rainmer_analysis.draw import Drawing

__all__ = ["plot"]

_SUFFIXES = (".png", ".pdf", ".svg")
_out_option = options.out_file_option("Picture to write: .png, .pdf or .svg.")


@click.group()
def plot() -> None:
    """Draw maps or matrices; several inputs become panels that share scales."""


@plot.command("map")
@options.path_arguments("maps", "MAP...")
@_out_option
@options.choice_option(
    "--view",
    ("lonlat", "mollweide", "orthographic"),
    "Longitude and latitude, an equal-area ellipse, or two hemispheres.",
)
@click.option("--align", is_flag=True, help="Turn each map onto the first, by shared images.")
@click.option("--contours", is_flag=True, help="Outline the densest 50 % and 95 % of each dataset.")
@click.option("--means", is_flag=True, help="Mark mean directions, hollow if the spread is wide.")
@common_options
def plot_map_command(
    common: CommonOptions,
    maps: tuple[Path, ...],
    out: Path,
    view: str,
    *,
    align: bool,
    contours: bool,
    means: bool,
) -> None:
    """Draw maps of the sphere, one panel for each MAP.

    MAP is a Parquet file that `project` wrote. Under its title stand trustworthiness, continuity
    and rank correlation, and the radius of a placed image if the map was calibrated.
    """
    from rainmer_analysis.draw import plot_map
    from rainmer_analysis.values import SphereMap, checked_suffix, read_as

    checked_suffix(out, "a picture", *_SUFFIXES)
    values = [read_as(path, SphereMap) for path in maps]
    if align:
        from rainmer_analysis.numerics import align_maps

        values = list(align_maps(values))
    summaries = None
    if contours or means:
        from rainmer_analysis.sphere import summarise_map

        summaries = [summarise_map(value) for value in values]
    drawing = plot_map(values, view=view, summaries=summaries, contours=contours, means=means)
    _save_picture(common, drawing, out)


@plot.command("matrix")
@options.path_arguments("matrices", "MATRIX...")
@_out_option
@click.option("--intervals", is_flag=True, help="Draw a line a pair: its score with its interval.")
@common_options
def plot_matrix_command(
    common: CommonOptions, matrices: tuple[Path, ...], out: Path, *, intervals: bool
) -> None:
    """Draw matrices of scores, one panel for each MATRIX.

    MATRIX is a .json or .csv file that `relate` wrote; --intervals needs .json files that it wrote
    with --resamples.
    """
    from rainmer_analysis.draw import plot_intervals, plot_matrix
    from rainmer_analysis.values import RelationshipMatrix, checked_suffix, read_as

    checked_suffix(out, "a picture", *_SUFFIXES)
    values = [read_as(path, RelationshipMatrix) for path in matrices]
    _save_picture(common, plot_intervals(values) if intervals else plot_matrix(values), out)


def _save_picture(common: CommonOptions, drawing: Drawing, out: Path) -> None:
    from rainmer_analysis.draw import provenance_path

    state = "up to date" if common.save_drawing_once(drawing, out) else "written"
    common.print_result(
        {"out": str(out), "provenance": str(provenance_path(out)), "state": state},
        f"{out}: {state}",
    )
