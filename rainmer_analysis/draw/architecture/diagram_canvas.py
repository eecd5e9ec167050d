"""Boxes, arrows and labels of a block diagram, placed in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from rainmer_analysis.draw.figure import INK, MUTED

__all__ = [
    "CHROMATIC",
    "DEGRADATION",
    "TALL",
    "TINTS",
    "DiagramBox",
    "DiagramCanvas",
    "Point",
    "superscript",
]

Point = tuple[float, float]
_LINE = 0.7
TALL = 0.34
"""Inches of a box that holds two lines."""
CHROMATIC, DEGRADATION = "zᶜʰʳ", "zᵈᵉᵗ⁻ᵍ"

# Fill and edge of a box by what it does; the words in a box say it too.
TINTS: dict[str, tuple[str, str]] = {
    "plain": ("#FFFFFF", "#666666"),
    "conv": ("#E3EEF7", "#0072B2"),
    "gate": ("#FBEFD5", "#B97F00"),
    "expert": ("#E6F3EE", "#007A59"),
    "chromatic": ("#F8EAF2", "#A65480"),
    "degradation": ("#FBE7DA", "#B54F00"),
    "open": ("#FAFAFA", "#BBBBBB"),
}


@dataclass(frozen=True)
class DiagramBox:
    """Where a box stands, in inches: middle, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def west(self) -> Point:
        """The middle of the left side."""
        return self.x - self.width / 2, self.y

    @property
    def east(self) -> Point:
        """The middle of the right side."""
        return self.x + self.width / 2, self.y

    @property
    def north(self) -> Point:
        """The middle of the upper side."""
        return self.x, self.y + self.height / 2

    @property
    def south(self) -> Point:
        """The middle of the lower side."""
        return self.x, self.y - self.height / 2


@dataclass(frozen=True)
class DiagramCanvas:
    """An axes in inches to put blocks on; `artists` collects them by name."""

    axes: Axes
    artists: dict[str, Any] = field(default_factory=dict)

    def box(
        self,
        box: DiagramBox,
        text: str = "",
        *,
        name: str,
        tint: str = "plain",
        note: str = "",
        turned: bool = False,
        size: float = 6.5,
    ) -> DiagramBox:
        """Draw a box with its words inside and a small note under it."""
        face, edge = TINTS[tint]
        patch = FancyBboxPatch(
            (box.x - box.width / 2, box.y - box.height / 2),
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.04",
            facecolor=face,
            edgecolor=edge,
            linewidth=_LINE,
            zorder=1 if tint == "open" else 2,
        )
        self.axes.add_patch(patch)
        self.artists[f"box/{name}"] = patch
        if text:
            turn = 90 if turned else 0
            self.label((box.x, box.y), text, name=name, size=size, rotation=turn, va="center")
        if note:
            self.label(
                (box.x, box.y - box.height / 2 - 0.035), note, name=f"{name}/note", muted=True
            )
        return box

    def disc(self, centre: Point, text: str, *, name: str, radius: float = 0.085) -> DiagramBox:
        """Draw a small circle with a sign in it."""
        patch = Circle(centre, radius, facecolor="white", edgecolor=INK, linewidth=_LINE, zorder=2)
        self.axes.add_patch(patch)
        self.artists[f"disc/{name}"] = patch
        self.label(centre, text, name=name, size=8.0, va="center_baseline")
        return DiagramBox(*centre, 2 * radius, 2 * radius)

    def label(
        self,
        place: Point,
        text: str,
        *,
        name: str,
        size: float = 6.0,
        muted: bool = False,
        va: str = "top",
        ha: str = "center",
        rotation: float = 0.0,
        weight: str = "normal",
    ) -> None:
        """Write words at a place."""
        self.artists[f"text/{name}"] = self.axes.text(
            *place,
            text,
            fontsize=size,
            color=MUTED if muted else INK,
            va=va,
            ha=ha,
            rotation=rotation,
            weight=weight,
            linespacing=1.15,
            zorder=4,
        )

    def heading(self, letter: str, text: str, y: float) -> None:
        """Write a panel's letter and title."""
        for x, words, kind, weight in (
            (0.1, letter, "letter", "bold"),
            (0.33, text, "heading", "normal"),
        ):
            name = f"{kind}/{letter}"
            self.label((x, y), words, name=name, size=8.0, ha="left", va="baseline", weight=weight)

    def arrow(self, *points: Point, name: str, head: bool = True) -> None:
        """Draw a line along the points, with a head at its end."""
        line = FancyArrowPatch(
            path=Path(list(points)),
            arrowstyle="-|>,head_length=2.6,head_width=1.4" if head else "-",
            color=INK,
            linewidth=_LINE,
            capstyle="butt",
            joinstyle="miter",
            shrinkA=0,
            shrinkB=0,
            mutation_scale=1,
            zorder=1.5,
        )
        self.axes.add_patch(line)
        self.artists[f"arrow/{name}"] = line

    def chain(self, boxes: Sequence[DiagramBox], *, name: str) -> None:
        """Join boxes from left to right."""
        for index in range(len(boxes) - 1):
            self.arrow(boxes[index].east, boxes[index + 1].west, name=f"{name}/{index}")


def superscript(number: int) -> str:
    """Return a digit as a superscript."""
    return "⁰¹²³⁴⁵⁶⁷⁸⁹"[number]
