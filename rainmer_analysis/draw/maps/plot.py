"""Maps of the sphere: every image a dot, every dataset one colour in all panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rainmer_analysis.draw.drawing import Drawing
from rainmer_analysis.draw.layout import (
    add_legend,
    legend_shape,
    listed,
    new_figure,
    panel_titles,
)
from rainmer_analysis.draw.maps.look import MapLook, legend_entries, map_look
from rainmer_analysis.draw.maps.overlays import draw_contours, draw_mean, summaries_of
from rainmer_analysis.draw.maps.panels import draw_maps, head_room, map_grid
from rainmer_analysis.draw.maps.projections import view_of
from rainmer_analysis.draw.style import WIDTH, styled
from rainmer_analysis.values import MapSummary, SphereMap

__all__ = ["about_map", "map_name", "plot_map"]

_MANY = 12  # datasets, above which a single map takes the whole width for its legend


def plot_map(
    maps: SphereMap | Sequence[SphereMap],
    *,
    titles: Sequence[str] | None = None,
    view: str = "lonlat",
    summaries: MapSummary | Sequence[MapSummary] | None = None,
    contours: bool = False,
    means: bool = False,
) -> Drawing:
    """Draw one or several maps as panels that share scales, colours and one legend.

    Parameters
    ----------
    maps
        One map or several; a dataset has the same colour and marker in all of them.
    titles
        One per map; the space's name by default.
    view
        ``lonlat`` (degrees), ``mollweide`` (equal area) or ``orthographic`` (two hemispheres).
    summaries
        What `summarise` says of each map; needed for what follows.
    contours
        Draw outlines of the regions that hold 50 % and 95 % of each dataset's density.
    means
        Draw each dataset's mean direction.

    Returns
    -------
    Drawing
        With the artists ``axes/I``, ``title/I``, ``note/I`` (fidelity, where the map has it),
        ``points/I/DATASET`` (a tuple of collections that together hold the dataset's dots) for
        panel I from 0, and ``legend``; where asked for ``contours/I/DATASET`` (by share) and
        ``mean/I/DATASET``.

    Raises
    ------
    ParameterError
        No map, another value, an unknown view, or titles or summaries that do not fit.

    Examples
    --------
    >>> plot_map(project(table)).save("map.pdf")  # doctest: +SKIP
    """
    found = listed(maps, SphereMap)
    names = panel_titles(titles, found, map_name)
    told = summaries_of(found, summaries, needed=contours or means)
    columns = {1: 1, 2: 2, 4: 2}.get(len(found), 3)
    crowded = len({name for value in found for name in value.rows.datasets}) > _MANY
    width = WIDTH if len(found) > 1 or crowded else 5.0
    with styled():
        look = map_look(found, view_of(view), columns=columns)
        entries = legend_entries(found, look)
        grid = map_grid(found, look.view, columns=columns, width=width)
        legend_columns, legend_height = legend_shape(entries, width - 0.2)
        under = grid.top + grid.step * (-(-len(found) // columns)) - head_room(found) + 0.02
        figure = new_figure(width, under + legend_height + 0.08)
        artists = draw_maps(figure, found, names, grid, look)
        for index, summary in enumerate(told):
            artists |= _overlays(artists, index, summary, look, contours=contours, means=means)
        if entries:
            artists["legend"] = add_legend(figure, entries, columns=legend_columns, top=under)
    about = {
        "draws": "map",
        "view": view,
        "titles": list(names),
        "maps": [about_map(value) for value in found],
        **({"contours": contours, "means": means} if told else {}),
    }
    return Drawing(figure, artists, about)


def _overlays(
    artists: Mapping[str, Any],
    index: int,
    summary: MapSummary,
    look: MapLook,
    *,
    contours: bool,
    means: bool,
) -> dict[str, Any]:
    axes = artists[f"axes/{index}"]
    found: dict[str, Any] = {}
    for seen in summary.datasets:
        colour, name = look.colours[seen.name], f"{index}/{seen.name}"
        if contours:
            found[f"contours/{name}"] = draw_contours(
                axes, seen, look.view, colour=colour, above=not look.edge
            )
        if means:
            marker = look.markers[seen.name]
            found[f"mean/{name}"] = draw_mean(axes, seen, look.view, colour=colour, marker=marker)
    return found


def map_name(value: SphereMap) -> str:
    """Give a panel's default title."""
    return value.space.name


def about_map(value: SphereMap) -> dict[str, Any]:
    """Give what a picture's provenance says about a map."""
    return {
        "space": asdict(value.space),
        "content_sha256": value.content_sha256,
        "counts": value.rows.counts,
        "groups": value.rows.group_counts,
        "parameters": dict(value.parameters),
        "fidelity": dict(value.fidelity),
    }
