"""Panel (b) of figure 1: one stage of the mixture, in inches from the lower left corner."""

from __future__ import annotations

from rainmer_analysis.draw.architecture.architecture_facts import ArchitectureFacts
from rainmer_analysis.draw.architecture.diagram_canvas import TALL, DiagramBox, DiagramCanvas, Point

__all__ = ["draw_stage"]

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
        _draw_expert(board, facts, index, fork=fork, end=(concat.left[0], top - _PITCH * index))
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
    board.arrow(fork, (fork[0], level), box.left, name=f"{name}/in")
    times = board.disc((4.02, level), "×", name=f"times/{index}", radius=0.07)
    board.arrow(box.right, times.left, name=f"{name}/out")
    board.arrow(times.right, end, name=f"times/{index}/out")


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
    board.arrow(outer.right, (6.92, y), name="stage/out")
    board.label((7.02, y), f"Fˢ\n{facts.dim}", name="stage/out", va="center", size=6.5)
    board.arrow((0.5, y), (0.5, under), (plus.x, under), plus.bottom, name="stage/skip")
