"""``project``: a table to a map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, out_file, progress_bar

if TYPE_CHECKING:
    from rainmer_analysis.values import MapSummary, SphereMap

__all__ = ["project"]


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@out_file("Map to write: .parquet.")
@click.option(
    "--engine",
    default="sphere",
    show_default=True,
    metavar="NAME",
    help="What lays out: sphere or umap-learn.",
)
@click.option(
    "--neighbors",
    default=50,
    show_default=True,
    help="Images that an image is held near to, itself counted.",
)
@click.option(
    "--min-dist",
    default=0.0,
    show_default=True,
    help="Least distance of neighbours on the map, 0 to 1.",
)
@click.option(
    "--stability",
    default=0,
    show_default=True,
    metavar="N",
    help="Lay out with N further seeds and say how far images move.",
)
@click.option(
    "--calibrate",
    default=0,
    show_default=True,
    metavar="PARTS",
    help="Leave scenes out in so many parts, place them, and say how surely new images are placed.",
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
    from rainmer_analysis.values import EmbeddingTable, demand_suffix, read_as

    demand_suffix(out, "a map", ".parquet")
    loaded = read_as(table, EmbeddingTable)
    options = {
        "engine": engine,
        "neighbors": neighbors,
        "min_dist": min_dist,
        "seed": common.seed,
        "stability": stability,
    }
    if calibrate:  # a map without it answers the same request as before
        options["calibrate"] = calibrate

    def lay_out(table: EmbeddingTable, **options: Any) -> SphereMap:
        from rainmer_analysis.sphere import project as project_table

        common.note(f"laying out {len(table)} images of {table.space.name}")
        return project_table(table, **options)

    with progress_bar(common, "epoch"):
        kept = cached_map(loaded, out, lay_out, options=options, overwrite=common.overwrite)
    summary = summarise_map(kept.value)
    document = {
        "kind": "map",
        "out": str(out),
        "state": kept.state,
        "images": len(kept.value),
        "space": kept.value.space.name,
        "parameters": options,
        "fidelity": dict(kept.value.fidelity),
        "summary": summary.document(),
    }
    common.result(document, f"{out}: {kept.state}\n{_map_text(kept.value, summary)}")


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
    return "\n".join([*lines, *_placement_lines(made), *_summary_lines(summary)])


def _placement_lines(made: SphereMap) -> list[str]:
    told = made.fidelity
    if "radius_degrees" not in told:
        return []
    lines = [
        f"{100 * told['radius_level']:.0f} % radius of a placed image, median: "
        f"{told['radius_degrees']:.1f} degrees (covers {100 * told['radius_coverage']:.1f} %)"
    ]
    by_dataset = told["radius_degrees_by_dataset"]
    return lines + [f"  {name}: {by_dataset[name]:.1f}" for name in made.rows.datasets]


def _summary_lines(summary: MapSummary) -> list[str]:
    lines = ["mean directions (descriptive): longitude, latitude, spread in degrees"]
    return lines + [
        f"  {each.name}: {each.lon:.0f}, {each.lat:.0f}, {each.spread:.0f}"
        for each in summary.datasets
    ]
