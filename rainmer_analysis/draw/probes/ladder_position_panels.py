"""Ladders as small multiples: where images lie along the direction that other scenes learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_analysis.draw.figure import INK, MUTED, PALETTE, axes_at, short_labels

__all__ = ["HEIGHT", "add_ladder_position_panels"]

HEIGHT = 0.78
"""Height of a row of panels in inches, the gap included."""

_GAP, _BETWEEN = 0.08, 0.1
_REACH = 2.3  # units of the sd of all positions


def add_ladder_position_panels(
    figure: Figure, spaces: Sequence[Mapping[str, Any]], *, left: float, top: float
) -> dict[str, Any]:
    """Draw a row of panels per space below `top` inches, one panel per ladder."""
    names = list(spaces[0]["ladders"])
    width = (figure.get_size_inches()[0] - 0.1 - left - _GAP * (len(names) - 1)) / len(names)
    labels = short_labels([each["label"] for each in spaces], limit=32)
    views = list(dict.fromkeys(each["space"]["view"] for each in spaces))
    artists: dict[str, Any] = {}
    for row, space in enumerate(spaces):
        colour = PALETTE[(0, 3, 2, 4)[views.index(space["space"]["view"]) % 4]]
        for column, name in enumerate(names):
            start = left + column * (width + _GAP)
            axes = axes_at(figure, (start, top + row * HEIGHT, width, HEIGHT - _BETWEEN))
            artists[f"ladder/{row}/{name}"] = _add_panel(axes, space, name, colour)
            if row == 0:
                axes.set_title(name, fontsize=7, pad=3)
            if column == 0:
                words = "\n".join(labels[space["label"]].rsplit("/", 1))
                label = axes.text(-0.08, 0.5, words, transform=axes.transAxes, fontsize=6.5)
                label.set(ha="right", va="center")
    return artists


def _add_panel(axes: Axes, space: Mapping[str, Any], name: str, colour: str) -> dict[str, Any]:
    ladder = space["ladders"][name]
    mean, spread = np.asarray(ladder["positions"]), np.asarray(ladder["spread"])
    level = np.arange(1, len(mean) + 1)
    found: dict[str, Any] = {}
    control = space["controls"].get("untrained")
    if control is not None:
        low, high = (control[side]["ladders"][name]["positions"] for side in ("p5", "p95"))
        found["untrained"] = axes.fill_between(level, low, high, color="#D9D9D9", linewidth=0)
    found["scenes"] = axes.fill_between(
        level, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0
    )
    (found["mean"],) = axes.plot(level, mean, color=colour, linewidth=1.3)
    axes.set(xlim=(0.7, len(mean) + 0.3), ylim=(-_REACH, 1.5 * _REACH), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color="#CCCCCC", linewidth=0.5)
    words = f"ρ {ladder['rho']:.2f} / {ladder['across']['value']:.2f}"
    found["text"] = axes.text(0.04, 0.94, words, transform=axes.transAxes, va="top", fontsize=6)
    found["text"].set_color(INK)
    share = axes.text(
        0.96, 0.05, f"share {ladder['share']['value']:.2f}", transform=axes.transAxes, fontsize=6
    )
    share.set(ha="right", color=MUTED)
    found["share"] = share
    return found
