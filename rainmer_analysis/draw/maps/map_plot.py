"""Maps of the sphere: every image a dot, every dataset one colour in all panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from matplotlib.figure import Figure

from rainmer_analysis.draw.figure import (
    WIDTH,
    Drawing,
    LegendEntry,
    add_legend,
    as_tuple,
    legend_columns_and_height,
    new_figure,
    panel_titles,
    style_context,
)
from rainmer_analysis.draw.maps.map_overlays import (
    add_overlays,
    checked_summaries,
    is_outlined,
    note_on_undrawn_outlines,
    overlay_legend_entries,
)
from rainmer_analysis.draw.maps.map_panels import (
    MapPanel,
    add_map_panels,
    head_room_inches,
    map_grid,
    panels_with_fidelity,
)
from rainmer_analysis.draw.maps.map_style import MapStyle, choose_map_style, dataset_legend_entries
from rainmer_analysis.values import MapSummary, SphereMap, array_digest, digest

__all__ = ["default_map_title", "map_count_and_digests", "map_provenance", "plot_map"]

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
        Draw outlines of the regions that hold 50 % (solid) and 95 % (dashed) of each dataset's
        density above faded dots; a dataset of fewer than 20 images has none, and a note says so.
    means
        Draw each dataset's mean direction, hollow where its spread is above 67.5 degrees.

    Returns
    -------
    Drawing
        With the artists ``axes/I``, ``title/I``, ``notes/I`` (lines of text: fidelity, stability
        and radius of a placed image, where the map has them), ``points/I/DATASET`` (a tuple of
        collections that together hold the dataset's dots) for panel I from 0, and ``legend``;
        where asked for ``contours/I/DATASET`` (by share), ``mean/I/DATASET`` and ``key`` (a legend
        of their signs).

    Raises
    ------
    ParameterError
        No map, another value, an unknown view, or titles or summaries that do not fit.

    Examples
    --------
    >>> plot_map(project(table)).save("map.pdf")  # doctest: +SKIP
    """
    found = as_tuple(maps, SphereMap)
    names = panel_titles(titles, found, default_map_title)
    summarised = checked_summaries(found, summaries, needed=contours or means)
    columns = {1: 1, 2: 2, 4: 2}.get(len(found), 3)
    outlined = contours and any(is_outlined(seen) for each in summarised for seen in each.datasets)
    sparse = [note_on_undrawn_outlines(each) if contours else () for each in summarised] or [
        ()
    ] * len(found)
    panels = panels_with_fidelity(found, names, sparse, columns=columns)
    with style_context():
        shared_style = choose_map_style(found, view, columns=columns, faded=outlined)
        key = overlay_legend_entries(
            [seen for each in summarised for seen in each.datasets], contours=contours, means=means
        )
        figure, artists = _figure_with_panels_and_legend(
            panels, shared_style, columns=columns, key=key
        )
        for index, summary in enumerate(summarised):
            artists |= add_overlays(
                artists[f"axes/{index}"],
                summary,
                shared_style,
                panel=index,
                shown=(contours, means),
            )
    about = {
        "draws": "map",
        "view": view,
        "titles": list(names),
        "maps": [map_provenance(value) for value in found],
        **({"contours": contours, "means": means} if summarised else {}),
    }
    return Drawing(
        figure, artists, about, {"maps": [map_count_and_digests(value) for value in found]}
    )


def _figure_with_panels_and_legend(
    panels: Sequence[MapPanel], shared_style: MapStyle, *, columns: int, key: Sequence[LegendEntry]
) -> tuple[Figure, dict[str, Any]]:
    """Draw the panels and, under them, the legend and the key."""
    width = WIDTH if len(panels) > 1 or len(shared_style.colours) > _MANY else 5.0
    grid = map_grid(panels, shared_style.view, columns=columns, width=width)
    under = grid.top + grid.step * (-(-len(panels) // columns)) - head_room_inches(panels) + 0.02
    legends = {
        "legend": dataset_legend_entries([each.value for each in panels], shared_style),
        "key": key,
    }
    tops, shapes = {}, {}
    for name, entries in legends.items():
        if entries:
            tops[name], shapes[name] = under, legend_columns_and_height(entries, width - 0.2)
            under += shapes[name][1] + 0.08
    figure = new_figure(width, under + (0.0 if tops else 0.08))
    artists = add_map_panels(figure, panels, grid, shared_style=shared_style)
    for name, top in tops.items():
        artists[name] = add_legend(figure, legends[name], columns=shapes[name][0], top=top)
    return figure, artists


def default_map_title(value: SphereMap) -> str:
    """Return a panel's default title."""
    return value.space.name


def map_provenance(value: SphereMap) -> dict[str, Any]:
    """Return what a picture's provenance says about a map."""
    return {
        "space": asdict(value.space),
        "content_sha256": value.content_sha256,
        "counts": value.rows.counts,
        "groups": value.rows.group_counts,
        "parameters": dict(value.parameters),
        "fidelity": dict(value.fidelity),
    }


def map_count_and_digests(value: SphereMap) -> dict[str, Any]:
    """Return what a picture's record says of a map's points and images."""
    images = list(value.rows.cells("sha256")) if value.rows.has("sha256") else None
    return {
        "images": len(value),
        "points_sha256": array_digest(value.points),
        "images_sha256": None if images is None else digest(images),
    }
