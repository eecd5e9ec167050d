"""Panel (a) of figure 1: the whole encoder, in inches from the lower left corner."""

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
    superscript,
)

__all__ = ["draw_overview"]


def draw_overview(board: DiagramCanvas, facts: ArchitectureFacts, *, floor: float) -> None:
    """Draw panel (a), its lower edge at `floor`."""
    board.heading("(a)", "Encoder", floor + 1.7)
    y = floor + 0.52
    image = DiagramBox(0.42, y, 0.46, 0.46)
    _draw_rain_icon(board, image)
    board.label((image.x, image.south[1] - 0.035), "image\n3×H×W", name="image/note", muted=True)
    conv, first = _add_patch_embedding_boxes(board, facts, y)
    stages = _add_stage_boxes(board, facts, y)
    board.chain([image, conv, first, *stages], name="main")
    _draw_gate(board, facts, (1.72, y), stages=stages, y=floor + 1.4)
    _draw_projectors(board, facts, stages[-1].east)


def _draw_rain_icon(board: DiagramCanvas, box: DiagramBox) -> None:
    """Draw the input as a picture frame with streaks."""
    board.box(box, name="image")
    for row in range(3):
        for column in range(4):
            x = box.x - 0.17 + 0.1 * column + 0.03 * (row % 2)
            y = box.y + 0.14 - 0.13 * row
            board.axes.plot([x, x - 0.03], [y, y - 0.075], color="#56B4E9", linewidth=0.9, zorder=3)


def _add_patch_embedding_boxes(
    board: DiagramCanvas, facts: ArchitectureFacts, y: float
) -> tuple[DiagramBox, DiagramBox]:
    words, note = f"conv 3×3\n3 → {facts.dim}", f"{facts.patch:,}"
    conv = board.box(DiagramBox(1.17, y, 0.56, TALL), words, name="patch", tint="conv", note=note)
    board.label((1.755, y - 0.05), f"Fˢʰᵃ\n{facts.dim}×H×W", name="shallow", muted=True)
    words, note = "conv 1×1\nReLU", f"{facts.preprocess:,}"
    first = board.box(
        DiagramBox(2.34, y, 0.56, TALL), words, name="preprocess", tint="conv", note=note
    )
    return conv, first


def _add_stage_boxes(board: DiagramCanvas, facts: ArchitectureFacts, y: float) -> list[DiagramBox]:
    return [
        board.box(
            DiagramBox(3.01 + 0.56 * index, y, 0.42, TALL),
            f"stage\n{index + 1}",
            name=f"stage/{index}",
            tint="expert",
            note=f"{facts.stage:,}",
        )
        for index in range(facts.stages)
    ]


def _draw_projectors(board: DiagramCanvas, facts: ArchitectureFacts, last: Point) -> None:
    """Draw the two projectors, behind the last stage's way out."""
    y, split = last[1], last[0] + 0.55
    board.label((last[0] + 0.29, y - 0.05), f"Fˢᵖᵃ\n{facts.dim}×H×W", name="local", muted=True)
    for sign, tint, name, vector in (
        (1, "chromatic", "chromatic\nprojector", CHROMATIC),
        (-1, "degradation", "detail/degradation\nprojector", DEGRADATION),
    ):
        middle, note = y + 0.3 * sign, f"{facts.projector:,}"
        place, key = DiagramBox(6.07, middle, 1.0, TALL), f"projector/{tint}"
        box = board.box(place, name, name=key, tint=tint, note=note)
        board.arrow(last, (split, y), (split, middle), box.west, name=f"split/{tint}")
        board.arrow(box.east, (6.74, middle), name=f"vector/{tint}")
        words, key = f"{vector}\n{facts.base}", f"vector/{tint}"
        board.label((6.78, middle), words, name=key, ha="left", va="center", size=6.5)


def _draw_gate(
    board: DiagramCanvas,
    facts: ArchitectureFacts,
    fork: Point,
    *,
    stages: Sequence[DiagramBox],
    y: float,
) -> None:
    outputs = facts.stages * len(facts.experts)
    words = (
        "GAP",
        f"linear\n{facts.dim} → {facts.gate_hidden}",
        "ReLU",
        f"linear\n{facts.gate_hidden} → {outputs}",
        f"softmax\nover {len(facts.experts)}",
    )
    widths = (0.36, 0.56, 0.38, 0.56, 0.56)
    boxes, left = [], 1.98
    for index, (word, width) in enumerate(zip(words, widths, strict=True)):
        box = DiagramBox(left + width / 2, y, width, TALL)
        boxes.append(board.box(box, word, name=f"gate/{index}", tint="gate"))
        left += width + 0.13
    board.arrow(fork, (fork[0], y), boxes[0].west, name="gate/in")
    board.chain(boxes, name="gate")
    board.label(
        (boxes[-1].east[0] + 0.08, y),
        f"gate, {facts.gate:,}\n"
        f"T¹ … T{superscript(facts.stages)}: {facts.stages} × {len(facts.experts)} weights",
        name="gate/note",
        muted=True,
        ha="left",
        va="center",
    )
    rail = y - 0.34
    for index, stage in enumerate(stages):
        board.arrow(
            boxes[-1].south,
            (boxes[-1].x, rail),
            (stage.x, rail),
            stage.north,
            name=f"weights/{index}",
        )
        board.label(
            (stage.x + 0.04, stage.north[1] + 0.2),
            f"T{superscript(index + 1)}",
            name=f"weights/{index}",
            ha="left",
            size=6.5,
        )
