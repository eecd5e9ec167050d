"""The look that all panels share, and the dots that have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.transforms import IdentityTransform

from rainmer_analysis.draw.figure import (
    LegendEntry,
    assign_colours,
    assign_markers,
    counts_text,
    dot_legend_entry,
    marker_outline,
    short_labels,
)
from rainmer_analysis.draw.maps.map_notes import radii_by_dataset
from rainmer_analysis.draw.maps.map_projections import MapProjection, projection_named
from rainmer_analysis.values import SphereMap

__all__ = ["MapStyle", "choose_map_style", "dataset_legend_entries", "draw_dots"]

_LAYERS = 8
_RASTER_ABOVE = 5_000
_FADED = 0.45  # of the opacity, where outlines are drawn above the dots


@dataclass(frozen=True)
class MapStyle:
    """What all panels share: the view, each dataset's colour and marker, size and opacity of dots.

    `area` is in square points; `edge` is the width in points of the white rim around a dot; `scale`
    is that of the lines and marks drawn above the dots.
    """

    view: MapProjection
    colours: Mapping[str, str]
    markers: Mapping[str, str]
    area: float
    alpha: float
    edge: float
    scale: float


def choose_map_style(
    maps: Sequence[SphereMap], view: str, *, columns: int, faded: bool = False
) -> MapStyle:
    """Choose the look that all panels share, from how many dots the fullest panel holds.

    The dots' area falls with their number so that 50 are easily seen and 50,000 still show where
    they are dense; it is smaller where three panels share the width. Faded dots leave the stage to
    what is drawn above them.
    """
    names = [name for value in maps for name in value.rows.datasets]
    fullest = max(1, *(len(value) for value in maps))
    roomy = {1: 2.0, 2: 1.5}.get(columns, 1.0)
    area = float(np.clip(26 * roomy * (max(fullest, 50) / 50) ** -0.5, 0.5, 30))
    alpha = float(np.clip(0.95 - 0.14 * np.log10(max(fullest, 100) / 100), 0.4, 0.95))
    alpha *= _FADED if faded else 1.0
    edge = 0.25 if area > 7 else 0.0
    scale = {1: 1.0, 2: 0.8}.get(columns, 0.6)
    return MapStyle(
        projection_named(view),
        assign_colours(names),
        assign_markers(names),
        area,
        alpha,
        edge,
        scale,
    )


def dataset_legend_entries(maps: Sequence[SphereMap], shared_style: MapStyle) -> list[LegendEntry]:
    """Return a legend line for each dataset: its label, how many images are drawn, and its radius.

    The radius stands only beside a single map, since every map has its own.
    """
    counts = [value.rows.counts for value in maps]
    radii = radii_by_dataset(maps[0]) if len(maps) == 1 else {}
    labels = short_labels(shared_style.colours)
    found = []
    for name, colour in shared_style.colours.items():
        remarks = [counts_text(counts, name)]
        remarks += [f"radius {radii[name]:.1f}°"] if name in radii else []
        found.append(
            dot_legend_entry(
                f"{labels[name]} ({', '.join(remarks)})", colour, shared_style.markers[name]
            )
        )
    return found


def draw_dots(
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
                dots = _draw_dataset_dots(axes, places[where], names[code], shared_style)
                dots.set_rasterized(len(value) > _RASTER_ABOVE)
                found[names[code]].append(dots)
    return {name: tuple(parts) for name, parts in found.items()}


def _draw_dataset_dots(
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
