"""What is drawn of a map beside its dots: contours of density and mean directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patheffects import Normal, Stroke
from matplotlib.transforms import IdentityTransform

from rainmer_analysis.draw.maps.projections import View
from rainmer_analysis.draw.style import marker_outline
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import DatasetOnMap, MapSummary, SphereMap

__all__ = ["draw_contours", "draw_mean", "pieces", "summaries_of"]

Array = npt.NDArray[np.float64]
_WIDTHS = {0.5: 1.1, 0.95: 0.6}  # points, by share; the outermost line is the thinnest
_HALO = 1.0
_MEAN_AREA = 42.0  # square points
_VAGUE = 67.5  # degrees of spread: a mean resultant length of a half
# A step along a line that crosses more of the picture than this has crossed its edge.
_LONGEST_STEP = 0.25


def summaries_of(
    maps: Sequence[SphereMap],
    summaries: MapSummary | Sequence[MapSummary] | None,
    *,
    needed: bool,
) -> list[MapSummary]:
    """Give the maps' summaries where something needs them, else none.

    Raises
    ------
    ParameterError
        They are needed, and are not those of these maps in this order.
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


def draw_contours(
    axes: Axes, seen: DatasetOnMap, view: View, *, colour: str, above: bool
) -> dict[float, LineCollection]:
    """Draw the outlines of a dataset's densest regions, above its dots or below them, by share."""
    found = {}
    for share, lines in seen.contours.items():
        parts = [part for line in lines for part in pieces(line, view)]
        width = _WIDTHS.get(share, 0.6)
        drawn = LineCollection(parts, colors=colour, linewidths=width, zorder=3 if above else 1.5)
        if above:
            drawn.set_path_effects([Stroke(linewidth=width + _HALO, foreground="white"), Normal()])
        axes.add_collection(drawn, autolim=False)
        found[share] = drawn
    return found


def draw_mean(
    axes: Axes, seen: DatasetOnMap, view: View, *, colour: str, marker: str
) -> PathCollection:
    """Draw a dataset's mean direction as its own marker, large and rimmed.

    The marker is hollow where the dataset spreads so far that its mean says little.
    """
    vague = seen.spread > _VAGUE
    x, y = view.project(np.array([seen.lon]), np.array([seen.lat]))
    drawn = PathCollection(
        [marker_outline(marker)],
        sizes=[_MEAN_AREA],
        offsets=np.column_stack([x, y]),
        offset_transform=axes.transData,
        facecolors="white" if vague else colour,
        edgecolors=colour if vague else "black",
        linewidths=1.2 if vague else 0.8,
        zorder=4,
        clip_on=False,
    )
    drawn.set_transform(IdentityTransform())
    drawn.set_path_effects([Stroke(linewidth=2.2, foreground="white"), Normal()])
    axes.add_collection(drawn, autolim=False)
    return drawn


def pieces(line: Array, view: View) -> list[Array]:
    """Cut a line on the sphere, unit vectors (m, 3), where the view's plane is cut.

    Returns
    -------
    Lines in plane coordinates, shape (m', 2) each, of two points and more.
    """
    lon = np.degrees(np.arctan2(line[:, 1], line[:, 0]))
    lat = np.degrees(np.arctan2(line[:, 2], np.hypot(line[:, 0], line[:, 1])))
    flat = np.column_stack(view.project(lon, lat))
    x0, x1, _, _ = view.extent
    across = np.abs(np.diff(flat[:, 0])) > _LONGEST_STEP * (x1 - x0)
    cut = across | (np.diff(view.part(lon, lat)) != 0)
    return [part for part in np.split(flat, np.flatnonzero(cut) + 1) if len(part) > 1]
