"""The second legend: what lines and large markers mean, whatever the dataset."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.lines import Line2D

from rainmer_analysis.draw.legends import Entry
from rainmer_analysis.draw.maps.overlays import (
    LINES,
    VAGUE,
    is_outlined,
    is_vague,
    mean_marker_style,
)
from rainmer_analysis.draw.style import MUTED, marker_outline
from rainmer_analysis.values import DatasetOnMap

__all__ = ["key_entries"]


def key_entries(datasets: Sequence[DatasetOnMap], *, contours: bool, means: bool) -> list[Entry]:
    """Return a line for each kind of sign that is drawn of these datasets."""
    entries: list[Entry] = []
    if contours and any(map(is_outlined, datasets)):
        entries += [_line_entry(share) for share in LINES]
    vague = {is_vague(seen) for seen in datasets} if means else set()
    if False in vague:
        entries.append(_mean_entry("mean direction", hollow=False))
    if True in vague:
        entries.append(_mean_entry(f"mean of a spread above {VAGUE:g}°", hollow=True))
    return entries


def _line_entry(share: float) -> Entry:
    width, dashes = LINES[share]
    handle = Line2D([], [], color=MUTED, linewidth=width, linestyle=dashes)
    return Entry(f"densest {100 * share:.0f} % of a dataset", handle)


def _mean_entry(text: str, *, hollow: bool) -> Entry:
    face, edge, rim = mean_marker_style(MUTED, hollow=hollow)
    handle = Line2D([], [], linestyle="none", markersize=6, markerfacecolor=face)
    handle.set(marker=marker_outline("o"), markeredgecolor=edge, markeredgewidth=rim)
    return Entry(text, handle)
