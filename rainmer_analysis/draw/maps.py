"""Maps of the sphere: every image a dot, every dataset one colour in all panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import IdentityTransform

from rainmer_analysis.draw.drawing import Drawing
from rainmer_analysis.draw.layout import (
    GAP,
    Entry,
    Grid,
    add_legend,
    axes_at,
    counts_text,
    grid_of,
    legend_shape,
    letter,
    listed,
    new_figure,
    panel_title,
    panel_titles,
)
from rainmer_analysis.draw.overlays import draw_contours, draw_mean, summaries_of
from rainmer_analysis.draw.projections import View, view_of
from rainmer_analysis.draw.style import (
    INK,
    MUTED,
    WIDTH,
    assign_colours,
    assign_markers,
    marker_outline,
    short_labels,
    styled,
)
from rainmer_analysis.values import MapSummary, SphereMap

__all__ = [
    "MapLook",
    "about_map",
    "draw_maps",
    "legend_entries",
    "map_grid",
    "map_look",
    "map_name",
    "plot_map",
]

_LAYERS = 8
_RASTER_ABOVE = 5_000
_MANY = 12  # datasets, above which a single map takes the whole width for its legend
_FIDELITY = {"trustworthiness": "trustworthiness", "continuity": "continuity"}
_GLOBAL = {"spearman": "rank correlation"}
_WIDE_GAP = 0.32  # inches between panels whose outermost tick labels are shown
_LABEL_ROOM = 0.36  # inches that "−120°" takes with some air
_TITLE_ROOM, _NOTE_ROOM, _FOOT = 0.2, 0.12, 0.36


@dataclass(frozen=True)
class MapLook:
    """What all panels share: the view, each dataset's colour and marker, size and opacity of dots.

    `area` is in square points; `edge` is the width in points of the white rim around a dot.
    """

    view: View
    colours: Mapping[str, str]
    markers: Mapping[str, str]
    area: float
    alpha: float
    edge: float


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
        under = grid.top + grid.step * (-(-len(found) // columns)) - _head(found) + 0.02
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


def map_look(maps: Sequence[SphereMap], view: View, *, columns: int) -> MapLook:
    """Choose the look that all panels share, from how many dots the fullest panel holds.

    The dots' area falls with their number so that 50 are easily seen and 50,000 still show where
    they are dense; it is smaller where three panels share the width.
    """
    names = [name for value in maps for name in value.rows.datasets]
    fullest = max(1, *(len(value) for value in maps))
    roomy = {1: 2.0, 2: 1.5}.get(columns, 1.0)
    area = float(np.clip(26 * roomy * (max(fullest, 50) / 50) ** -0.5, 0.5, 30))
    alpha = float(np.clip(0.95 - 0.14 * np.log10(max(fullest, 100) / 100), 0.4, 0.95))
    edge = 0.25 if area > 7 else 0.0
    return MapLook(view, assign_colours(names), assign_markers(names), area, alpha, edge)


def legend_entries(maps: Sequence[SphereMap], look: MapLook) -> list[Entry]:
    """Give a legend line for each dataset: its label and how many images are drawn."""
    counts = [value.rows.counts for value in maps]
    labels = short_labels(look.colours)
    return [
        Entry(f"{labels[name]} ({counts_text(counts, name)})", colour, look.markers[name])
        for name, colour in look.colours.items()
    ]


def _head(maps: Sequence[SphereMap]) -> float:
    return _TITLE_ROOM + (_NOTE_ROOM if any(_note(value) for value in maps) else 0.0)


def map_grid(
    maps: Sequence[SphereMap],
    view: View,
    *,
    columns: int,
    width: float,
    left: float | None = None,
    top: float = 0.04,
) -> Grid:
    """Give the places of the panels, with room for titles above and tick labels below each row."""
    x0, x1, y0, y1 = view.extent
    plain = view.name == "lonlat"
    head = _head(maps)
    return grid_of(
        columns,
        left=left if left is not None else (0.46 if plain else 0.08),
        right=width - (0.12 if plain else 0.08),
        top=top + head,
        aspect=(x1 - x0) / (y1 - y0),
        gap=_WIDE_GAP if columns == 2 and left is None else GAP,
        between=head + (_FOOT if plain else 0.2 if view.captions else 0.1),
    )


def draw_maps(
    figure: Figure,
    maps: Sequence[SphereMap],
    titles: Sequence[str],
    grid: Grid,
    look: MapLook,
    *,
    letters: str = "",
) -> dict[str, Any]:
    """Draw each map into its place of the grid and give the artists by name."""
    artists: dict[str, Any] = {}
    indent = 15.0 if letters else 0.0
    rise = 12.5 if any(_note(value) for value in maps) else 4.0
    for index, (value, title) in enumerate(zip(maps, titles, strict=True)):
        axes = axes_at(figure, grid.rect(index))
        _frame(axes, look.view, leftmost=index % grid.columns == 0)
        # the paper's figures keep to what neighbourhoods say
        note = _note(value, whole=grid.columns <= 2 and not letters)
        words = panel_title(axes, title, note=note, indent=indent, rise=rise)
        if letters:
            artists[f"letter/{index}"] = letter(axes, f"({letters[index]})", rise=rise)
        artists |= {f"axes/{index}": axes} | {f"{k}/{index}": v for k, v in words.items()}
        for name, dots in _dots(axes, value, look).items():
            artists[f"points/{index}/{name}"] = dots
    return artists


def _note(value: SphereMap, *, whole: bool = False) -> str:
    names = _FIDELITY | (_GLOBAL if whole else {})
    said = ((name, value.fidelity.get(key)) for key, name in names.items())
    return ", ".join(f"{name} {x:.2f}" for name, x in said if isinstance(x, int | float) and x == x)


def _frame(axes: Axes, view: View, *, leftmost: bool) -> None:
    x0, x1, y0, y1 = view.extent
    axes.set(xlim=(x0, x1), ylim=(y0, y1))
    axes.add_collection(
        LineCollection(list(view.graticule), colors="#DDDDDD", linewidths=0.4, zorder=0.5),
        autolim=False,
    )
    if view.name == "lonlat":
        _degrees(axes, leftmost=leftmost)
        return
    axes.set_axis_off()
    for ring in view.outline:
        axes.add_patch(
            Polygon(ring, fill=False, edgecolor=INK, linewidth=0.6, zorder=0.6, clip_on=False)
        )
    for x, y, text in view.captions:
        axes.text(x, y, text, ha="center", va="top", fontsize=6.5, color=MUTED)


def _degrees(axes: Axes, *, leftmost: bool) -> None:
    across = axes.get_window_extent().width / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    every = 60 if across / 6 > _LABEL_ROOM else 120
    axes.set_xticks(range(-180, 181, 60))
    axes.set_yticks(range(-90, 91, 30))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, at: "" if x % every else _degree(x, at)))
    axes.yaxis.set_major_formatter(FuncFormatter(_degree))
    axes.set_xlabel("longitude")
    axes.tick_params(labelleft=leftmost)
    if leftmost:
        axes.set_ylabel("latitude")


def _degree(value: float, _position: float) -> str:
    return f"{value:.0f}°".replace("-", "−")


def _dots(axes: Axes, value: SphereMap, look: MapLook) -> dict[str, tuple[PathCollection, ...]]:
    """Draw all datasets in thin layers turn by turn, so that none hides the others."""
    x, y = look.view.project(value.lon, value.lat)
    places = np.column_stack([x, y])
    codes, names = value.rows.codes, value.rows.datasets
    found: dict[str, list[PathCollection]] = {name: [] for name in names}
    for layer in range(_LAYERS):
        for turn in range(len(names)):
            code = (turn + layer) % len(names)
            where = np.flatnonzero(codes == code)[layer::_LAYERS]
            if len(where):
                dots = _collection(axes, places[where], names[code], look)
                dots.set_rasterized(len(value) > _RASTER_ABOVE)
                found[names[code]].append(dots)
    return {name: tuple(parts) for name, parts in found.items()}


def _collection(
    axes: Axes, places: npt.NDArray[np.float64], name: str, look: MapLook
) -> PathCollection:
    dots = PathCollection(
        [marker_outline(look.markers[name])],
        sizes=[look.area],
        offsets=places,
        offset_transform=axes.transData,
        facecolors=look.colours[name],
        edgecolors="white" if look.edge else "none",
        linewidths=look.edge,
        alpha=look.alpha,
        zorder=2,
        clip_on=False,
    )
    dots.set_transform(IdentityTransform())
    axes.add_collection(dots, autolim=False)
    return dots
