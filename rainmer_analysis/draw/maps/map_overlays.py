"""What is drawn of a map beside its dots, and its legend: contours of density, mean directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.transforms import IdentityTransform

from rainmer_analysis.draw.figure import MUTED, LegendEntry, marker_outline, short_labels
from rainmer_analysis.draw.maps.map_projections import MapProjection
from rainmer_analysis.draw.maps.map_style import MapStyle
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import DatasetOnMap, MapSummary, SphereMap

__all__ = [
    "FEWEST",
    "LINES",
    "VAGUE",
    "add_contours",
    "add_mean_marker",
    "add_overlays",
    "checked_summaries",
    "cut_at_projection_edges",
    "has_vague_mean",
    "is_outlined",
    "mean_marker_style",
    "note_on_undrawn_outlines",
    "overlay_legend_entries",
]

Array = npt.NDArray[np.float64]
Dashes = Literal["solid"] | tuple[float, tuple[float, ...]]

# Width in points and dashes of an outline, by the share of the density that it holds.
LINES: Mapping[float, tuple[float, Dashes]] = MappingProxyType(
    {0.5: (1.3, "solid"), 0.95: (0.8, (0.0, (3.5, 1.8)))}
)
FEWEST = 20
"""Images below which a dataset is not outlined: 5 % of fewer are less than one image."""
VAGUE = 67.5
"""Degrees of spread (a mean resultant length of a half) beyond which a mean says little."""
_HALO = 1.0
_MEAN_AREA = 42.0  # square points
_BISECTIONS = 20
# A step along a line that crosses more of the picture than this has crossed its edge.
_LONGEST_STEP = 0.25


def checked_summaries(
    maps: Sequence[SphereMap],
    summaries: MapSummary | Sequence[MapSummary] | None,
    *,
    needed: bool,
) -> list[MapSummary]:
    """Return the maps' summaries where something needs them, else none.

    Raises ParameterError: they are needed, and are not those of these maps in this order.
    """
    if not needed:
        return []
    given = [summaries] if isinstance(summaries, MapSummary) else list(summaries or ())
    if [each.map_sha256 for each in given] != [value.content_sha256 for value in maps]:
        raise ParameterError(
            f"{len(given)} summaries came that are not those of the {len(maps)} map(s); contours "
            "and mean directions need what summarise() says of each map, in the same order"
        )
    return given


def is_outlined(seen: DatasetOnMap) -> bool:
    """Return whether a dataset has enough images for outlines of its density."""
    return seen.count >= FEWEST


def note_on_undrawn_outlines(summary: MapSummary) -> tuple[str, ...]:
    """Return a note that names the datasets too small to be outlined, if there are any."""
    names = [seen.name for seen in summary.datasets if not is_outlined(seen)]
    listed = ", ".join(short_labels(names).values())
    return (f"no outlines under {FEWEST} images: {listed}",) if names else ()


def has_vague_mean(seen: DatasetOnMap) -> bool:
    """Return whether a dataset spreads so far that its mean direction says little."""
    return seen.spread > VAGUE


def mean_marker_style(colour: str, *, hollow: bool) -> tuple[str, str, float]:
    """Return face, edge and width in points of the edge of a mean direction's marker."""
    return ("white", colour, 1.2) if hollow else (colour, "black", 0.8)


def add_overlays(
    axes: Axes,
    summary: MapSummary,
    shared_style: MapStyle,
    *,
    panel: int,
    shown: tuple[bool, bool],
) -> dict[str, LineCollection | PathCollection | dict[float, LineCollection]]:
    """Draw contours and means (`shown` says which) of a panel and return the artists by name."""
    contours, means = shown
    found: dict[str, LineCollection | PathCollection | dict[float, LineCollection]] = {}
    view, scale = shared_style.view, shared_style.scale
    for seen in summary.datasets:
        colour, name = shared_style.colours[seen.name], f"{panel}/{seen.name}"
        if contours and is_outlined(seen):
            found[f"contours/{name}"] = add_contours(axes, seen, view, colour=colour, scale=scale)
        if means:
            found[f"mean/{name}"] = add_mean_marker(
                axes,
                seen,
                view,
                colour=colour,
                marker=shared_style.markers[seen.name],
                scale=scale,
            )
    return found


def add_contours(
    axes: Axes, seen: DatasetOnMap, view: MapProjection, *, colour: str, scale: float
) -> dict[float, LineCollection]:
    """Draw the outlines of a dataset's densest regions above its dots, by share."""
    found = {}
    for share, lines in seen.contours.items():
        parts = [part for line in lines for part in cut_at_projection_edges(line, view)]
        width, dashes = scale * LINES[share][0], LINES[share][1]
        drawn = LineCollection(
            parts, colors=colour, linewidths=width, linestyles=[dashes], zorder=3, capstyle="butt"
        )
        drawn.set_path_effects(
            [Stroke(linewidth=width + scale * _HALO, foreground="white"), Normal()]
        )
        axes.add_collection(drawn, autolim=False)
        found[share] = drawn
    return found


def add_mean_marker(
    axes: Axes, seen: DatasetOnMap, view: MapProjection, *, colour: str, marker: str, scale: float
) -> PathCollection:
    """Draw a dataset's mean direction as its own marker, large and rimmed; hollow if vague."""
    face, edge, rim = mean_marker_style(colour, hollow=has_vague_mean(seen))
    x, y = view.project(np.array([seen.lon]), np.array([seen.lat]))
    drawn = PathCollection(
        [marker_outline(marker)],
        sizes=[scale**2 * _MEAN_AREA],
        offsets=np.column_stack([x, y]),
        offset_transform=axes.transData,
        facecolors=face,
        edgecolors=edge,
        linewidths=scale * rim,
        zorder=4,
        clip_on=False,
    )
    drawn.set_transform(IdentityTransform())
    drawn.set_path_effects([Stroke(linewidth=2.4 * scale, foreground="white"), Normal()])
    axes.add_collection(drawn, autolim=False)
    return drawn


def cut_at_projection_edges(line: Array, view: MapProjection) -> list[Array]:
    """Cut a line on the sphere, unit vectors (m, 3), where the view's plane is cut.

    Returns
    -------
    Lines in plane coordinates, shape (m', 2) each, of two points and more.
    """
    parts = _part_index(line, view)
    edges = [
        _bisect_part_edge(line[at], line[at + 1], view) for at in np.flatnonzero(np.diff(parts))
    ]
    whole = [np.vstack(part) for part in _split_by_part(line, parts, edges)]
    return [piece for part in whole for piece in _cut_at_jumps(_project_points(part, view), view)]


def _split_by_part(
    line: Array, parts: Array, edges: Sequence[tuple[Array, Array]]
) -> list[list[Array]]:
    """Split a line between the plane's parts, each piece reaching to its part's edge."""
    found = [[piece] for piece in np.split(line, np.flatnonzero(np.diff(parts)) + 1)]
    for place, (last, first) in enumerate(edges):
        found[place].append(last[None])
        found[place + 1].insert(0, first[None])
    return found


def _bisect_part_edge(start: Array, end: Array, view: MapProjection) -> tuple[Array, Array]:
    """Return the points just before and just after a step leaves the part that it starts in."""
    own = _part_index(start[None], view)[0]
    for _ in range(_BISECTIONS):
        middle = (start + end) / np.linalg.norm(start + end)
        if _part_index(middle[None], view)[0] == own:
            start = middle
        else:
            end = middle
    return start, end


def _cut_at_jumps(flat: Array, view: MapProjection) -> list[Array]:
    """Cut a line of the plane where a step crosses the picture."""
    x0, x1, _, _ = view.extent
    across = np.abs(np.diff(flat[:, 0])) > _LONGEST_STEP * (x1 - x0)
    return [part for part in np.split(flat, np.flatnonzero(across) + 1) if len(part) > 1]


def _part_index(points: Array, view: MapProjection) -> Array:
    return view.part(*_lon_lat_degrees(points))


def _project_points(points: Array, view: MapProjection) -> Array:
    return np.column_stack(view.project(*_lon_lat_degrees(points)))


def _lon_lat_degrees(points: Array) -> tuple[Array, Array]:
    lon = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    lat = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    return lon, lat


def overlay_legend_entries(
    datasets: Sequence[DatasetOnMap], *, contours: bool, means: bool
) -> list[LegendEntry]:
    """Return a line for each kind of sign that is drawn of these datasets."""
    entries: list[LegendEntry] = []
    if contours and any(map(is_outlined, datasets)):
        entries += [_contour_entry(share) for share in LINES]
    vague = {has_vague_mean(seen) for seen in datasets} if means else set()
    if False in vague:
        entries.append(_mean_entry("mean direction", hollow=False))
    if True in vague:
        entries.append(_mean_entry(f"mean of a spread above {VAGUE:g}°", hollow=True))
    return entries


def _contour_entry(share: float) -> LegendEntry:
    width, dashes = LINES[share]
    handle = Line2D([], [], color=MUTED, linewidth=width, linestyle=dashes)
    return LegendEntry(f"densest {100 * share:.0f} % of a dataset", handle)


def _mean_entry(text: str, *, hollow: bool) -> LegendEntry:
    face, edge, rim = mean_marker_style(MUTED, hollow=hollow)
    handle = Line2D([], [], linestyle="none", markersize=6, markerfacecolor=face)
    handle.set(marker=marker_outline("o"), markeredgecolor=edge, markeredgewidth=rim)
    return LegendEntry(text, handle)
