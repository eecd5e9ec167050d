"""``project``: a table to a map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

if TYPE_CHECKING:
    from rainmer_analysis.values import MapSummary, SphereMap

__all__ = ["project"]


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@options.out_file_option("Map to write: .parquet.")
@options.text_option("--engine", "What lays out: sphere or umap-learn.", default="sphere")
@options.count_option(
    "--neighbors",
    50,
    "Images that an image is held near to, itself counted.",
    least=None,
    metavar=None,
)
@click.option(
    "--min-dist",
    default=0.0,
    show_default=True,
    help="Least distance of neighbours on the map, 0 to 1.",
)
@options.count_option(
    "--stability", 0, "Lay out with N further seeds and say how far images move.", least=None
)
@options.count_option(
    "--calibrate",
    0,
    "Leave scenes out in so many parts, place them, and say how surely new images are placed.",
    least=None,
    metavar="PARTS",
)
@common_options
def project(
    common: CommonOptions,
    table: Path,
    out: Path,
    engine: str,
    neighbors: int,
    min_dist: float,
    stability: int,
    calibrate: int,
) -> None:
    """Lay the images of TABLE out on a sphere, as a map.

    TABLE is a Parquet file that `extract` wrote, or a directory of parts.
    """
    # numpy, pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.recipes.cached_results import cached_map
    from rainmer_analysis.sphere import summarise_map
    from rainmer_analysis.values import EmbeddingTable, checked_suffix, read_as

    checked_suffix(out, "a map", ".parquet")
    loaded = read_as(table, EmbeddingTable)
    values = {
        "engine": engine,
        "neighbors": neighbors,
        "min_dist": min_dist,
        "seed": common.seed,
        "stability": stability,
    }
    if calibrate:  # a map without it answers the same request as before
        values["calibrate"] = calibrate

    def print_and_project(table: EmbeddingTable, **values: Any) -> SphereMap:
        from rainmer_analysis.sphere import project as project_table

        common.print_note(f"laying out {len(table)} images of {table.space.name}")
        return project_table(table, **values)

    with common.progress_bar("epoch"):
        kept = cached_map(
            loaded, out, print_and_project, options=values, overwrite=common.overwrite
        )
    summary = summarise_map(kept.value)
    document = {
        "kind": "map",
        "out": str(out),
        "state": kept.state,
        "images": len(kept.value),
        "space": kept.value.space.name,
        "parameters": values,
        "fidelity": dict(kept.value.fidelity),
        "summary": summary.document(),
    }
    common.print_result(document, f"{out}: {kept.state}\n{_map_text(kept.value, summary)}")


def _map_text(made: SphereMap, summary: MapSummary) -> str:
    lines = [f"{len(made)} images of {made.space.name}"]
    how = f"{made.fidelity.get('neighbors')} neighbours"
    judged = made.fidelity.get("judged_rows", len(made))
    if judged < len(made):
        how += f", {judged} images judged"
    names = {
        "trustworthiness": f"trustworthiness ({how})",
        "continuity": f"continuity ({how})",
        "spearman": "rank correlation of distances",
        "stability_degrees": "median displacement between seeds, degrees",
    }
    for key, name in names.items():
        value = made.fidelity.get(key)
        if value is not None and not math.isnan(value):
            lines.append(f"{name}: {value:.3f}")
    return "\n".join([*lines, *_placement_radius_lines(made), *_mean_direction_lines(summary)])


def _placement_radius_lines(made: SphereMap) -> list[str]:
    found = made.fidelity
    if "radius_degrees" not in found:
        return []
    lines = [
        f"{100 * found['radius_level']:.0f} % radius of a placed image, median: "
        f"{found['radius_degrees']:.1f} degrees (covers {100 * found['radius_coverage']:.1f} %)"
    ]
    by_dataset = found["radius_degrees_by_dataset"]
    return lines + [f"  {name}: {by_dataset[name]:.1f}" for name in made.rows.datasets]


def _mean_direction_lines(summary: MapSummary) -> list[str]:
    return [
        "mean directions (descriptive): longitude, latitude, spread in degrees",
        *(
            f"  {each.name}: {each.lon:.0f}, {each.lat:.0f}, {each.spread:.0f}"
            for each in summary.datasets
        ),
    ]
