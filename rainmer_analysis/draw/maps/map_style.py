"""The look of dots that all panels share, and the legend lines that name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rainmer_analysis.draw.figure import (
    LegendEntry,
    assign_colours,
    assign_markers,
    counts_text,
    dot_legend_entry,
    short_labels,
)
from rainmer_analysis.draw.maps.map_notes import radii_by_dataset
from rainmer_analysis.draw.maps.map_projections import MapProjection, projection_named
from rainmer_analysis.values import SphereMap

__all__ = ["MapStyle", "choose_map_style", "dataset_legend_entries"]

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
