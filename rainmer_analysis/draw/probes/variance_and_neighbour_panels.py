"""Shares of variance as bars and neighbours as dots, one row per space and control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rainmer_analysis.draw.figure import (
    INK,
    MUTED,
    PALETTE,
    add_panel_title_and_notes,
    axes_at,
    text_colour_on,
)
from rainmer_analysis.draw.probes.probe_rows_by_view import NEIGHBOURS, ProbeRow

__all__ = ["ROW", "SOURCES", "add_variance_and_neighbours"]

ROW = 0.185
"""Height of a row in inches."""

SOURCES: Mapping[str, str] = {
    "scene": "#8C8C8C",
    "weather": PALETTE[0],
    "level": PALETTE[5],
    "interaction": "#E2E2E2",
}
_BARS, _GAP = 2.2, 0.16


def add_variance_and_neighbours(
    figure: Figure,
    views: Sequence[Sequence[ProbeRow]],
    spaces: Sequence[Any],
    *,
    left: float,
    top: float,
) -> tuple[dict[str, Any], float]:
    """Draw all rows below `top` inches, labels left of `left`; return artists and their end."""
    entries = [entry for view in views for entry in view]
    gaps = [number for number, view in enumerate(views) for _ in view]
    heights = [-(row + 0.45 * gap) for row, gap in enumerate(gaps)]
    height = ROW * (len(entries) + 0.45 * (len(views) - 1))
    width = figure.get_size_inches()[0]
    bars = axes_at(figure, (left, top, _BARS, height))
    artists: dict[str, Any] = {"variance": _add_variance_bars(bars, entries, heights)}
    artists["legend"] = _add_legend(bars)
    add_panel_title_and_notes(bars, "Shares of variance", rise=15.0)
    each = (width - 0.1 - left - _BARS - _GAP * len(NEIGHBOURS)) / len(NEIGHBOURS)
    for column, name in enumerate(NEIGHBOURS):
        start = left + _BARS + _GAP + column * (each + _GAP)
        axes = axes_at(figure, (start, top, each, height))
        chance = spaces[0]["neighbours"][name]["chance"]
        artists[f"neighbours/{name}"] = _add_neighbour_dots(axes, name, entries, heights, chance)
        add_panel_title_and_notes(axes, _TITLES[name], rise=4.0)[0].set_fontsize(7)
        if not column:
            words = axes.annotate(
                "Neighbour in another scene: same",
                (0, 1),
                (0, 15),
                "axes fraction",
                textcoords="offset points",
                fontsize=8,
                annotation_clip=False,
            )
            artists["neighbours"] = words
    return artists, top + height


_TITLES = {"kind": "kind", "draw": "draw", "level": "level", "adjacent": "level ± 1"}


def _draw_frame(axes: Axes, heights: Sequence[float]) -> None:
    axes.set_ylim(min(heights) - 0.5, max(heights) + 0.5)
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _add_variance_bars(
    axes: Axes, entries: Sequence[ProbeRow], heights: Sequence[float]
) -> dict[str, Any]:
    _draw_frame(axes, heights)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    found: dict[str, Any] = {}
    for row, (entry, y) in enumerate(zip(entries, heights, strict=True)):
        left = 0.0
        thick = 0.5 if entry.control else 0.78
        for source, colour in SOURCES.items():
            share = entry.variance[source]
            (bar,) = axes.barh(y, share, thick, left, color=colour)
            bar.set_alpha(0.55 if entry.control else 1.0)
            found[f"{row}/{source}"] = bar
            if share > 0.09 and not entry.control:
                inside = axes.text(left + share / 2, y, f"{share:.2f}", fontsize=6)
                inside.set(ha="center", va="center_baseline", color=text_colour_on(colour))
            left += share
        label = axes.text(-0.02, y, entry.label, ha="right", va="center_baseline")
        label.set(color=MUTED if entry.control else INK, fontsize=6.5)
    axes.yaxis.set_tick_params(length=0)
    return found


def _add_legend(axes: Axes) -> Any:
    handles = [Patch(color=colour, label=source) for source, colour in SOURCES.items()]
    return axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncol=len(handles),
        handlelength=0.8,
        handleheight=0.7,
        columnspacing=0.9,
        fontsize=6.5,
        borderpad=0.2,
    )


def _add_neighbour_dots(
    axes: Axes, name: str, entries: Sequence[ProbeRow], heights: Sequence[float], chance: float
) -> dict[str, Any]:
    _draw_frame(axes, heights)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    line = axes.axvline(chance, color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
    found: dict[str, Any] = {"chance": line}
    for row, (entry, y) in enumerate(zip(entries, heights, strict=True)):
        value, low, high = entry.neighbours[name]
        colour = MUTED if entry.control else PALETTE[0]
        axes.plot([low, high], [y, y], color=colour, linewidth=1.0, solid_capstyle="butt")
        (dot,) = axes.plot([value], [y], "o", color=colour, markersize=2.6 if entry.control else 4)
        found[str(row)] = dot
    return found
