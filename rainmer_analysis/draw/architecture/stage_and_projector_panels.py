"""Panels (b) and (c) of figure 1: one stage and both projectors, in inches from the lower left."""

from __future__ import annotations

from collections.abc import Sequence

from rainmer_analysis.draw.architecture.architecture_facts import ArchitectureFacts
from rainmer_analysis.draw.architecture.diagram_canvas import (
    CHROMATIC,
    DEGRADATION,
    TALL,
    DiagramBox,
    DiagramCanvas,
    Point,
)

__all__ = ["draw_projectors", "draw_stage"]


def draw_projectors(board: DiagramCanvas, facts: ArchitectureFacts, *, floor: float) -> None:
    """Draw panel (c): both projectors, opened."""
    board.heading("(c)", "The two projectors: the same layers, weights of their own", floor + 2.08)
    _add_projector_to_last_box(board, facts, floor + 1.6, tint="chromatic", vector=CHROMATIC)
    last = _add_projector_to_last_box(
        board, facts, floor + 0.72, tint="degradation", vector=DEGRADATION
    )
    y = floor + 0.13
    pool = board.box(DiagramBox(last.x, y, 0.62, TALL), "mean\n8×8", name="detail", tint="plain")
    board.arrow(last.south, pool.north, name="detail/in")
    board.arrow(pool.east, (pool.east[0] + 0.18, y), name="detail/out")
    board.label(
        (pool.east[0] + 0.22, y),
        f"detail map\n{facts.base} × ⌊H/8⌋ × ⌊W/8⌋",
        name="detail/out",
        va="center",
        ha="left",
        size=6.5,
    )


def _add_projector_to_last_box(
    board: DiagramCanvas, facts: ArchitectureFacts, y: float, *, tint: str, vector: str
) -> DiagramBox:
    """Draw one projector from left to right and give its last map's box."""
    board.label((0.24, y), f"Fˢᵖᵃ\n{facts.dim}", name=f"{tint}/in", va="center", size=6.5)
    made = _add_projector_layer_boxes(board, facts, y, tint=tint)
    board.arrow((0.38, y), made[0].west, name=f"{tint}/in")
    board.chain(made, name=tint)
    _draw_residual(board, made[2:9], tint=tint)
    end = made[-1].east
    board.arrow(end, (end[0] + 0.18, y), name=f"{tint}/out")
    words, place = f"{vector}\n{facts.base}", (end[0] + 0.22, y)
    board.label(place, words, name=f"{tint}/out", ha="left", va="center", size=6.5)
    return made[8]


def _add_projector_layer_boxes(
    board: DiagramCanvas, facts: ArchitectureFacts, y: float, *, tint: str
) -> list[DiagramBox]:
    """Draw a projector's layers; the third to the ninth are its residual block."""
    made: list[DiagramBox] = []
    left = 0.42
    for index, (word, width, count) in enumerate(_layer_words_widths_counts(facts)):
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


def _layer_words_widths_counts(facts: ArchitectureFacts) -> tuple[tuple[str, float, int], ...]:
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
    y, start = first.y, first.west[0] - 0.14
    over = y + 0.255
    board.arrow((start, y), (start, over), (plus.x, over), plus.north, name=f"{tint}/skip")
    end = last.east[0]
    frame = DiagramBox((start + end) / 2, y - 0.01, end - start + 0.1, 0.68)
    board.box(frame, name=f"{tint}/block", tint="open")
    corner = (frame.east[0] - 0.04, frame.north[1] - 0.03)
    board.label(corner, "residual", name=f"{tint}/block", ha="right", muted=True)


_PITCH = 0.205


def draw_stage(board: DiagramCanvas, facts: ArchitectureFacts, *, floor: float) -> None:
    """Draw panel (b), its lower edge at `floor`."""
    rows = len(facts.experts)
    title = f"One stage of {facts.stages}: {rows} experts, weighed and fused"
    board.heading("(b)", title, floor + 2.1)
    top = floor + 1.78
    y = top - _PITCH * (rows - 1) / 2
    fork = (0.62, y)
    board.label((0.24, y), f"Fˢ⁻¹\n{facts.dim}", name="stage/in", va="center", size=6.5)
    board.arrow((0.38, y), fork, name="stage/in", head=False)
    concat = DiagramBox(4.52, y, 0.3, _PITCH * rows)
    words = f"concat, {rows} × {facts.dim} = {rows * facts.dim}"
    board.box(concat, words, name="concat", turned=True)
    for index in range(rows):
        _draw_expert(board, facts, index, fork=fork, end=(concat.west[0], top - _PITCH * index))
    board.label((4.02, top + 0.1), "Tˢ", name="stage/weights", va="bottom", size=6.5)
    _draw_fusion(board, facts, concat, under=top - _PITCH * rows + 0.02)


def _draw_expert(
    board: DiagramCanvas, facts: ArchitectureFacts, index: int, *, fork: Point, end: Point
) -> None:
    """Draw one expert's row, from the fork to the concatenation."""
    (title, layers, count), level, name = facts.experts[index], end[1], f"expert/{index}"
    box = board.box(DiagramBox(2.33, level, 2.9, 0.165), name=name, tint="expert")
    va = "center_baseline"
    board.label((0.94, level), title, name=f"{name}/title", ha="left", va=va, size=6.5)
    board.label((1.72, level), layers, name=f"{name}/layers", ha="left", va=va)
    board.label((3.73, level), f"{count:,}", name=f"{name}/count", ha="right", va=va, muted=True)
    board.arrow(fork, (fork[0], level), box.west, name=f"{name}/in")
    times = board.disc((4.02, level), "×", name=f"times/{index}", radius=0.07)
    board.arrow(box.east, times.west, name=f"{name}/out")
    board.arrow(times.east, end, name=f"times/{index}/out")


def _draw_fusion(
    board: DiagramCanvas, facts: ArchitectureFacts, concat: DiagramBox, *, under: float
) -> None:
    """Draw what follows the concatenation, and the way around all experts."""
    y, total = concat.y, len(facts.experts) * facts.dim
    fuse = board.box(
        DiagramBox(5.12, y, 0.62, TALL),
        f"conv 1×1\n{total} → {facts.dim}",
        name="fuse",
        tint="conv",
        note=f"{facts.fusion:,}",
    )
    inner = board.box(DiagramBox(5.78, y, 0.4, TALL), "ReLU", name="stage/relu")
    plus = board.disc((6.2, y), "+", name="stage/plus")
    outer = board.box(DiagramBox(6.6, y, 0.4, TALL), "ReLU", name="stage/relu/2")
    board.chain([concat, fuse, inner, plus, outer], name="stage")
    board.arrow(outer.east, (6.92, y), name="stage/out")
    board.label((7.02, y), f"Fˢ\n{facts.dim}", name="stage/out", va="center", size=6.5)
    board.arrow((0.5, y), (0.5, under), (plus.x, under), plus.south, name="stage/skip")
