"""Panels of maps: where they stand, their frames, titles and dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import IdentityTransform

from rainmer_analysis.draw.figure import (
    GAP,
    INK,
    MUTED,
    Grid,
    add_panel_letter,
    add_panel_title_and_notes,
    axes_at,
    divide_into_panels,
    marker_outline,
    title_baseline_points,
)
from rainmer_analysis.draw.maps.map_notes import fidelity_notes
from rainmer_analysis.draw.maps.map_projections import MapProjection
from rainmer_analysis.draw.maps.map_style import MapStyle
from rainmer_analysis.values import SphereMap

__all__ = ["MapPanel", "add_map_panels", "head_room_inches", "map_grid", "panels_with_fidelity"]

_WIDE_GAP = 0.32  # inches between panels whose outermost tick labels are shown
_EAST = 0.16  # inches at the right, where half of "180°" stands
_LABEL_ROOM = 0.36  # inches that "−120°" takes with some air
_LAYERS = 8
_RASTER_ABOVE = 5_000
_TITLE_ROOM, _NOTE_ROOM, _FOOT = 0.2, 0.12, 0.36


@dataclass(frozen=True)
class MapPanel:
    """One panel: its map, its title, and the small lines under the title."""

    value: SphereMap
    title: str
    notes: tuple[str, ...] = ()


def panels_with_fidelity(
    maps: Sequence[SphereMap],
    titles: Sequence[str],
    further: Sequence[tuple[str, ...]],
    *,
    columns: int,
) -> list[MapPanel]:
    """Return a panel per map, whose notes are what its file says of fidelity, then `further`."""
    return [
        MapPanel(value, title, fidelity_notes(value, columns=columns) + notes)
        for value, title, notes in zip(maps, titles, further, strict=True)
    ]


def head_room_inches(panels: Sequence[MapPanel]) -> float:
    """Return the inches that titles and notes take above a row of panels."""
    return _TITLE_ROOM + _NOTE_ROOM * _most_note_lines(panels)


def map_grid(
    panels: Sequence[MapPanel],
    view: MapProjection,
    *,
    columns: int,
    width: float,
    left: float | None = None,
    top: float = 0.04,
) -> Grid:
    """Return places of the panels, with room for titles above and tick labels below each row."""
    x0, x1, y0, y1 = view.extent
    plain = view.name == "lonlat"
    head = head_room_inches(panels)
    return divide_into_panels(
        columns,
        left=left if left is not None else (0.46 if plain else 0.08),
        right=width - (_EAST if plain else 0.08),
        top=top + head,
        aspect=(x1 - x0) / (y1 - y0),
        gap=_WIDE_GAP if columns == 2 and left is None else GAP,
        between=head + (_FOOT if plain else 0.2 if view.captions else 0.1),
    )


def add_map_panels(
    figure: Figure,
    panels: Sequence[MapPanel],
    grid: Grid,
    *,
    shared_style: MapStyle,
    letters: str = "",
) -> dict[str, Any]:
    """Draw each panel into its place of the grid and give the artists by name."""
    artists: dict[str, Any] = {}
    indent = 15.0 if letters else 0.0
    rise = title_baseline_points(_most_note_lines(panels))
    for index, panel in enumerate(panels):
        axes = axes_at(figure, grid.rect(index))
        _draw_frame(axes, shared_style.view, leftmost=index % grid.columns == 0)
        artists[f"axes/{index}"] = axes
        title, *notes = add_panel_title_and_notes(
            axes, panel.title, notes=panel.notes, indent=indent, rise=rise
        )
        artists |= {f"title/{index}": title, f"notes/{index}": tuple(notes)}
        if letters:
            artists[f"letter/{index}"] = add_panel_letter(axes, f"({letters[index]})", rise=rise)
        for name, dots in _add_dots(axes, panel.value, shared_style).items():
            artists[f"points/{index}/{name}"] = dots
    return artists


def _add_dots(
    axes: Axes, value: SphereMap, shared_style: MapStyle
) -> dict[str, tuple[PathCollection, ...]]:
    """Draw all datasets in thin layers turn by turn, so that none hides the others."""
    x, y = shared_style.view.project(value.lon, value.lat)
    places = np.column_stack([x, y])
    codes, names = value.rows.codes, value.rows.datasets
    found: dict[str, list[PathCollection]] = {name: [] for name in names}
    for layer in range(_LAYERS):
        for turn in range(len(names)):
            code = (turn + layer) % len(names)
            where = np.flatnonzero(codes == code)[layer::_LAYERS]
            if len(where):
                dots = _add_dataset_dots(axes, places[where], names[code], shared_style)
                dots.set_rasterized(len(value) > _RASTER_ABOVE)
                found[names[code]].append(dots)
    return {name: tuple(parts) for name, parts in found.items()}


def _add_dataset_dots(
    axes: Axes, places: npt.NDArray[np.float64], name: str, shared_style: MapStyle
) -> PathCollection:
    dots = PathCollection(
        [marker_outline(shared_style.markers[name])],
        sizes=[shared_style.area],
        offsets=places,
        offset_transform=axes.transData,
        facecolors=shared_style.colours[name],
        edgecolors="white" if shared_style.edge else "none",
        linewidths=shared_style.edge,
        alpha=shared_style.alpha,
        zorder=2.6,  # above the frame, which would cross them
        clip_on=False,
    )
    dots.set_transform(IdentityTransform())
    axes.add_collection(dots, autolim=False)
    return dots


def _most_note_lines(panels: Sequence[MapPanel]) -> int:
    return max(len(panel.notes) for panel in panels)


def _draw_frame(axes: Axes, view: MapProjection, *, leftmost: bool) -> None:
    x0, x1, y0, y1 = view.extent
    axes.set(xlim=(x0, x1), ylim=(y0, y1))
    axes.add_collection(
        LineCollection(list(view.graticule), colors="#DDDDDD", linewidths=0.4, zorder=0.5),
        autolim=False,
    )
    if view.name == "lonlat":
        _set_degree_ticks(axes, leftmost=leftmost)
        return
    axes.set_axis_off()
    for ring in view.outline:
        axes.add_patch(
            Polygon(ring, fill=False, edgecolor=INK, linewidth=0.6, zorder=0.6, clip_on=False)
        )
    for x, y, text in view.captions:
        axes.text(x, y, text, ha="center", va="top", fontsize=6.5, color=MUTED)


def _set_degree_ticks(axes: Axes, *, leftmost: bool) -> None:
    across = axes.get_window_extent().width / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    every = 60 if across / 6 > _LABEL_ROOM else 120
    axes.set_xticks(range(-180, 181, 60))
    axes.set_yticks(range(-90, 91, 30))
    axes.xaxis.set_major_formatter(FuncFormatter(partial(_degree_label, every=every)))
    axes.yaxis.set_major_formatter(FuncFormatter(_degree_label))
    axes.set_xlabel("longitude")
    axes.tick_params(labelleft=leftmost)
    if leftmost:
        axes.set_ylabel("latitude")


def _degree_label(value: float, _position: float, *, every: int = 0) -> str:
    return "" if every and value % every else f"{value:.0f}°".replace("-", "−")
