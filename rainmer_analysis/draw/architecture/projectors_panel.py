"""Panel (c) of figure 1: both projectors, in inches from the lower left corner."""

from __future__ import annotations

from collections.abc import Sequence

from rainmer_analysis.draw.architecture.architecture_facts import ArchitectureFacts
from rainmer_analysis.draw.architecture.diagram_canvas import (
    CHROMATIC,
    DEGRADATION,
    TALL,
    DiagramBox,
    DiagramCanvas,
)

__all__ = ["draw_projectors"]


def draw_projectors(board: DiagramCanvas, facts: ArchitectureFacts, *, floor: float) -> None:
    """Draw panel (c): both projectors, opened."""
    board.heading("(c)", "The two projectors: the same layers, weights of their own", floor + 2.08)
    _draw_projector(board, facts, floor + 1.6, tint="chromatic", vector=CHROMATIC)
    last = _draw_projector(board, facts, floor + 0.72, tint="degradation", vector=DEGRADATION)
    y = floor + 0.13
    pool = board.box(DiagramBox(last.x, y, 0.62, TALL), "mean\n8×8", name="detail", tint="plain")
    board.arrow(last.bottom, pool.top, name="detail/in")
    board.arrow(pool.right, (pool.right[0] + 0.18, y), name="detail/out")
    board.label(
        (pool.right[0] + 0.22, y),
        f"detail map\n{facts.base} × ⌊H/8⌋ × ⌊W/8⌋",
        name="detail/out",
        va="center",
        ha="left",
        size=6.5,
    )


def _draw_projector(
    board: DiagramCanvas, facts: ArchitectureFacts, y: float, *, tint: str, vector: str
) -> DiagramBox:
    """Draw one projector from left to right and give its last map's box."""
    board.label((0.24, y), f"Fˢᵖᵃ\n{facts.dim}", name=f"{tint}/in", va="center", size=6.5)
    made = _draw_layers(board, facts, y, tint=tint)
    board.arrow((0.38, y), made[0].left, name=f"{tint}/in")
    board.chain(made, name=tint)
    _draw_residual(board, made[2:9], tint=tint)
    end = made[-1].right
    board.arrow(end, (end[0] + 0.18, y), name=f"{tint}/out")
    words, place = f"{vector}\n{facts.base}", (end[0] + 0.22, y)
    board.label(place, words, name=f"{tint}/out", ha="left", va="center", size=6.5)
    return made[8]


def _draw_layers(
    board: DiagramCanvas, facts: ArchitectureFacts, y: float, *, tint: str
) -> list[DiagramBox]:
    """Draw a projector's layers; the third to the ninth are its residual block."""
    made: list[DiagramBox] = []
    left = 0.42
    for index, (word, width, count) in enumerate(_layer_labels(facts)):
        left += {2: 0.27, 9: 0.19}.get(index, 0.12)
        place, name = DiagramBox(left + width / 2, y, width, TALL), f"{tint}/{index}"
        note = f"{count:,}" if count else ""
        made.append(
            board.disc((place.x, y), word, name=name)
            if word == "+"
            else board.box(place, word, name=name, tint=tint if count else "plain", note=note)
        )
        left += width
    return made


def _layer_labels(facts: ArchitectureFacts) -> tuple[tuple[str, float, int], ...]:
    """Return the words, the width and the parameters of each layer."""
    same = f"conv 3×3\n{facts.base} → {facts.base}"
    return (
        (f"conv 3×3\n{facts.dim} → {facts.base}", 0.62, facts.entry),
        ("LReLU", 0.42, 0),
        (same, 0.68, facts.conv),
        ("SE", 0.3, facts.se),
        ("LReLU", 0.42, 0),
        (same, 0.68, facts.conv),
        ("SE", 0.3, facts.se),
        ("+", 0.17, 0),
        ("LReLU", 0.42, 0),
        ("GAP", 0.36, 0),
        ("L2", 0.28, 0),
    )


def _draw_residual(board: DiagramCanvas, inside: Sequence[DiagramBox], *, tint: str) -> None:
    """Draw the way around a residual block, and the frame about it."""
    first, *_, plus, last = inside
    y, start = first.y, first.left[0] - 0.14
    over = y + 0.255
    board.arrow((start, y), (start, over), (plus.x, over), plus.top, name=f"{tint}/skip")
    end = last.right[0]
    frame = DiagramBox((start + end) / 2, y - 0.01, end - start + 0.1, 0.68)
    board.box(frame, name=f"{tint}/block", tint="open")
    corner = (frame.right[0] - 0.04, frame.top[1] - 0.03)
    board.label(corner, "residual", name=f"{tint}/block", ha="right", muted=True)
