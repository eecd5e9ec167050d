"""``project``: a table to a map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli.options import Common, common_options

if TYPE_CHECKING:
    from rainmer_analysis.values import EmbeddingTable, SphereMap

__all__ = ["project"]


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Map to write: .parquet.",
)
@click.option(
    "--engine",
    default="umap-learn",
    show_default=True,
    metavar="NAME",
    help="What lays out: umap-learn.",
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
@common_options
def project(
    common: Common,
    table: Path,
    out: Path,
    engine: str,
    neighbors: int,
    min_dist: float,
    stability: int,
) -> None:
    """Lay the images of TABLE out on a sphere, as a map.

    TABLE is a Parquet file that `extract` wrote, or a directory of parts.
    """
    # numpy, pandas and pyarrow wait until there is work, so that --help does not
    from rainmer_analysis.errors import FileFormatError, ParameterError
    from rainmer_analysis.values import EmbeddingTable, plain, read

    if out.suffix.lower() != ".parquet":
        raise ParameterError(
            f"a map cannot be written as {out.name!r}; use a name that ends in .parquet"
        )
    loaded = read(table)
    if not isinstance(loaded, EmbeddingTable):
        raise FileFormatError(
            f"{table} holds a {type(loaded).__name__}, not a table of embeddings; "
            "project a table that 'rainmer-analysis extract' wrote"
        )
    options = {
        "engine": engine,
        "neighbors": neighbors,
        "min_dist": min_dist,
        "seed": common.seed,
        "stability": stability,
    }
    made, state = _made(common, loaded, out, options)
    document = {
        "kind": "map",
        "out": str(out),
        "state": state,
        "images": len(made),
        "space": made.space.name,
        "parameters": options,
        "fidelity": dict(made.fidelity),
    }
    common.result(plain(document), f"{out}: {state}\n{_text(made)}")


def _made(
    common: Common, table: EmbeddingTable, out: Path, options: dict[str, Any]
) -> tuple[SphereMap, str]:
    from rainmer_analysis.values import SphereMap, digest, read, standing, write

    request = digest(["project", table.content_sha256, options])
    if standing(out, request, overwrite=common.overwrite):
        found = read(out)
        if isinstance(found, SphereMap):
            return found, "up to date"
    # umap-learn takes seconds to import, which a map that is up to date need not wait for
    from rainmer_analysis.sphere import project as project_table

    common.note(f"laying out {len(table)} images of {table.space.name}")
    made = project_table(table, **options)
    write(made, out, overwrite=common.overwrite, request=request)
    return made, "written"


def _text(made: SphereMap) -> str:
    lines = [f"{len(made)} images of {made.space.name}"]
    near = made.fidelity.get("neighbors")
    names = {
        "trustworthiness": f"trustworthiness ({near} neighbours)",
        "continuity": f"continuity ({near} neighbours)",
        "spearman": "rank correlation of distances",
        "stability_degrees": "median displacement between seeds, degrees",
    }
    for key, name in names.items():
        value = made.fidelity.get(key)
        if value is not None and not math.isnan(value):
            lines.append(f"{name}: {value:.3f}")
    return "\n".join(lines)
