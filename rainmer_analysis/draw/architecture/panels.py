"""The three panels of figure 1, in inches from the lower left corner."""

from __future__ import annotations

from collections.abc import Sequence

from rainmer_analysis.draw.architecture.blocks import Board, Box, Point
from rainmer_analysis.draw.architecture.facts import Facts

__all__ = ["draw_overview", "draw_projectors", "draw_stage", "draw_words"]

_TALL = 0.34
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_CHROMATIC, _DEGRADATION = "zᶜʰʳ", "zᵈᵉᵗ⁻ᵍ"


def _heading(board: Board, letter: str, text: str, y: float) -> None:
    board.label(
        (0.1, y), letter, name=f"letter/{letter}", size=8, weight="bold", ha="left", va="baseline"
    )
    board.label((0.33, y), text, name=f"heading/{letter}", size=8, ha="left", va="baseline")


def _rain(board: Board, box: Box) -> None:
    """Draw the input as a picture frame with streaks."""
    board.box(box, name="image")
    for row in range(3):
        for column in range(4):
            x = box.x - 0.17 + 0.1 * column + 0.03 * (row % 2)
            y = box.y + 0.14 - 0.13 * row
            board.axes.plot([x, x - 0.03], [y, y - 0.075], color="#56B4E9", linewidth=0.9, zorder=3)


def draw_overview(board: Board, facts: Facts, *, floor: float) -> None:
    """Draw panel (a): the whole encoder, its lower edge at `floor`."""
    _heading(board, "(a)", "Encoder", floor + 1.7)
    y, up = floor + 0.52, floor + 1.4
    image = Box(0.42, y, 0.46, 0.46)
    _rain(board, image)
    board.label((image.x, image.bottom[1] - 0.035), "image\n3×H×W", name="image/note", muted=True)
    conv = board.box(
        Box(1.17, y, 0.56, _TALL),
        f"conv 3×3\n3 → {facts.dim}",
        name="patch",
        tint="conv",
        note=f"{facts.patch:,}",
    )
    fork = (1.72, y)
    board.label((1.755, y - 0.05), f"Fˢʰᵃ\n{facts.dim}×H×W", name="shallow", muted=True)
    first = board.box(
        Box(2.34, y, 0.56, _TALL),
        "conv 1×1\nReLU",
        name="preprocess",
        tint="conv",
        note=f"{facts.preprocess:,}",
    )
    stages = [
        board.box(
            Box(3.01 + 0.56 * index, y, 0.42, _TALL),
            f"stage\n{index + 1}",
            name=f"stage/{index}",
            tint="expert",
            note=f"{facts.stage:,}",
        )
        for index in range(facts.stages)
    ]
    board.chain([image, conv, first, *stages], name="main")
    _gate(board, facts, fork, stages, up)
    last = stages[-1].right
    split = (last[0] + 0.55, y)
    board.label((last[0] + 0.29, y - 0.05), f"Fˢᵖᵃ\n{facts.dim}×H×W", name="local", muted=True)
    for sign, tint, name, vector in (
        (1, "chromatic", "chromatic\nprojector", _CHROMATIC),
        (-1, "degradation", "detail/degradation\nprojector", _DEGRADATION),
    ):
        middle = y + 0.3 * sign
        box = board.box(
            Box(6.07, middle, 1.0, _TALL),
            name,
            name=f"projector/{tint}",
            tint=tint,
            note=f"{facts.projector:,}",
        )
        board.arrow(last, split, (split[0], middle), box.left, name=f"split/{tint}")
        board.arrow(box.right, (6.74, middle), name=f"vector/{tint}")
        board.label(
            (6.78, middle),
            f"{vector}\n{facts.base}",
            name=f"vector/{tint}",
            ha="left",
            va="center",
            size=6.5,
        )


def _gate(board: Board, facts: Facts, fork: Point, stages: Sequence[Box], y: float) -> None:
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
        box = Box(left + width / 2, y, width, _TALL)
        boxes.append(board.box(box, word, name=f"gate/{index}", tint="gate"))
        left += width + 0.13
    board.arrow(fork, (fork[0], y), boxes[0].left, name="gate/in")
    board.chain(boxes, name="gate")
    board.label(
        (boxes[-1].right[0] + 0.08, y),
        f"gate, {facts.gate:,}\n"
        f"T¹ … T{_RAISED[facts.stages]}: {facts.stages} × {len(facts.experts)} weights",
        name="gate/note",
        muted=True,
        ha="left",
        va="center",
    )
    rail = y - 0.34
    for index, stage in enumerate(stages):
        board.arrow(
            boxes[-1].bottom,
            (boxes[-1].x, rail),
            (stage.x, rail),
            stage.top,
            name=f"weights/{index}",
        )
        board.label(
            (stage.x + 0.04, stage.top[1] + 0.2),
            f"T{_RAISED[index + 1]}",
            name=f"weights/{index}",
            ha="left",
            size=6.5,
        )


def draw_stage(board: Board, facts: Facts, *, floor: float) -> None:
    """Draw panel (b): one stage of the mixture, opened."""
    _heading(
        board,
        "(b)",
        f"One stage of {facts.stages}: {len(facts.experts)} experts, weighed and fused",
        floor + 2.1,
    )
    rows, pitch = len(facts.experts), 0.205
    top = floor + 1.78
    y = top - pitch * (rows - 1) / 2
    fork = (0.62, y)
    board.label((0.24, y), f"Fˢ⁻¹\n{facts.dim}", name="stage/in", va="center", size=6.5)
    board.arrow((0.38, y), fork, name="stage/in", head=False)
    concat = Box(4.52, y, 0.3, pitch * rows)
    board.box(
        concat, f"concat, {rows} × {facts.dim} = {rows * facts.dim}", name="concat", turned=True
    )
    for index, (title, layers, count) in enumerate(facts.experts):
        level = top - pitch * index
        box = board.box(Box(2.33, level, 2.9, 0.165), name=f"expert/{index}", tint="expert")
        board.label(
            (0.94, level),
            title,
            name=f"expert/{index}/title",
            ha="left",
            va="center_baseline",
            size=6.5,
        )
        board.label(
            (1.72, level), layers, name=f"expert/{index}/layers", ha="left", va="center_baseline"
        )
        board.label(
            (3.73, level),
            f"{count:,}",
            name=f"expert/{index}/count",
            ha="right",
            va="center_baseline",
            muted=True,
        )
        board.arrow(fork, (fork[0], level), box.left, name=f"expert/{index}/in")
        times = board.disc((4.02, level), "×", name=f"times/{index}", radius=0.07)
        board.arrow(box.right, times.left, name=f"expert/{index}/out")
        board.arrow(times.right, (concat.left[0], level), name=f"times/{index}/out")
    board.label((4.02, top + 0.1), "Tˢ", name="stage/weights", va="bottom", size=6.5)
    fuse = board.box(
        Box(5.12, y, 0.62, _TALL),
        f"conv 1×1\n{rows * facts.dim} → {facts.dim}",
        name="fuse",
        tint="conv",
        note=f"{facts.fusion:,}",
    )
    inner = board.box(Box(5.78, y, 0.4, _TALL), "ReLU", name="stage/relu")
    plus = board.disc((6.2, y), "+", name="stage/plus")
    outer = board.box(Box(6.6, y, 0.4, _TALL), "ReLU", name="stage/relu/2")
    board.chain([concat, fuse, inner, plus, outer], name="stage")
    board.arrow(outer.right, (6.92, y), name="stage/out")
    board.label((7.02, y), f"Fˢ\n{facts.dim}", name="stage/out", va="center", size=6.5)
    under = top - pitch * rows + 0.02
    board.arrow((0.5, y), (0.5, under), (plus.x, under), plus.bottom, name="stage/skip")


def draw_projectors(board: Board, facts: Facts, *, floor: float) -> None:
    """Draw panel (c): both projectors, opened."""
    _heading(
        board, "(c)", "The two projectors: the same layers, weights of their own", floor + 2.08
    )
    _lane(board, facts, floor + 1.6, tint="chromatic", vector=_CHROMATIC)
    last = _lane(board, facts, floor + 0.72, tint="degradation", vector=_DEGRADATION)
    y = floor + 0.13
    pool = board.box(Box(last.x, y, 0.62, _TALL), "mean\n8×8", name="detail", tint="plain")
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


def _lane(board: Board, facts: Facts, y: float, *, tint: str, vector: str) -> Box:
    """Draw one projector from left to right and give its last map's box."""
    board.label((0.24, y), f"Fˢᵖᵃ\n{facts.dim}", name=f"{tint}/in", va="center", size=6.5)
    same = f"conv 3×3\n{facts.base} → {facts.base}"
    steps = (
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
    made: list[Box] = []
    left = 0.42
    for index, (word, width, count) in enumerate(steps):
        left += {2: 0.27, 9: 0.19}.get(index, 0.12)
        place, name = Box(left + width / 2, y, width, _TALL), f"{tint}/{index}"
        note = f"{count:,}" if count else ""
        made.append(
            board.disc((place.x, y), word, name=name)
            if word == "+"
            else board.box(place, word, name=name, tint=tint if count else "plain", note=note)
        )
        left += width
    board.arrow((0.38, y), made[0].left, name=f"{tint}/in")
    board.chain(made, name=tint)
    fork, over = (made[2].left[0] - 0.14, y), y + 0.255
    board.arrow(fork, (fork[0], over), (made[7].x, over), made[7].top, name=f"{tint}/skip")
    frame = Box(
        (fork[0] - 0.05 + made[8].right[0] + 0.05) / 2,
        y - 0.01,
        made[8].right[0] - fork[0] + 0.1,
        0.68,
    )
    board.box(frame, name=f"{tint}/block", tint="open")
    board.label(
        (frame.right[0] - 0.04, frame.top[1] - 0.03),
        "residual",
        name=f"{tint}/block",
        ha="right",
        muted=True,
    )
    end = made[-1].right
    board.arrow(end, (end[0] + 0.18, y), name=f"{tint}/out")
    board.label(
        (end[0] + 0.22, y),
        f"{vector}\n{facts.base}",
        name=f"{tint}/out",
        ha="left",
        va="center",
        size=6.5,
    )
    return made[8]


def draw_words(board: Board, facts: Facts) -> None:
    """Write what the signs mean and how the counts add up."""
    lines = (
        f"Numbers under boxes count parameters: {facts.patch:,} + {facts.gate:,} + "
        f"{facts.preprocess:,} + {facts.stages} × {facts.stage:,} + 2 × {facts.projector:,} = "
        f"{facts.total:,}.  GAP: mean over all pixels.  L2: to unit length.",
        f"dw: depthwise, pw: pointwise convolution.  LReLU: slope 0.1.  "
        f"SE: x · sigmoid(pw {facts.se_hidden} → {facts.base}(ReLU(pw {facts.base} → "
        f"{facts.se_hidden}(GAP(x))))).",
    )
    for index, line in enumerate(lines):
        board.label((0.1, 0.25 - 0.12 * index), line, name=f"words/{index}", ha="left", muted=True)
