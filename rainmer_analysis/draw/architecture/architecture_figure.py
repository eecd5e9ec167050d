"""Figure 1 as a whole."""

from __future__ import annotations

from dataclasses import asdict

from rainmer_analysis.draw.architecture.architecture_facts import (
    ArchitectureFacts,
    BlockDescription,
    read_architecture_facts,
)
from rainmer_analysis.draw.architecture.diagram_canvas import DiagramCanvas
from rainmer_analysis.draw.architecture.overview_panel import draw_overview
from rainmer_analysis.draw.architecture.stage_and_projector_panels import (
    draw_projectors,
    draw_stage,
)
from rainmer_analysis.draw.figure import (
    WIDTH,
    Drawing,
    add_headline,
    axes_at,
    new_figure,
    style_context,
)

__all__ = ["architecture_figure"]

_HEIGHT = 6.95


def architecture_figure(description: BlockDescription, *, title: str = "") -> Drawing:
    """Draw the encoder's architecture with its shapes and parameter counts.

    Raises ParameterError: the description is not one of Rainmer's encoder, or its counts do not add
    up.

    Parameters
    ----------
    description
        A tree of blocks with ``name``, ``kind``, ``operation``, ``shape``, ``parameters`` and
        ``children``: the encoder holds a ``conv``, a ``mixture`` (with a ``gate``, ``stage``
        blocks of ``expert`` blocks) and two ``projector`` blocks (with a ``residual`` block that
        holds ``squeeze-excite`` blocks).
    title
        The line above; the encoder and its number of parameters by default.

    Returns
    -------
    Drawing
        With the artists ``box/...``, ``disc/...``, ``arrow/...``, ``text/...`` and
        ``add_headline``.
    """
    facts = read_architecture_facts(description)
    with style_context():
        figure = new_figure(WIDTH, _HEIGHT)
        axes = axes_at(figure, (0, 0, WIDTH, _HEIGHT))
        axes.set(xlim=(0, WIDTH), ylim=(0, _HEIGHT))
        axes.set_axis_off()
        board = DiagramCanvas(axes)
        draw_overview(board, facts, floor=4.9)
        draw_stage(board, facts, floor=2.55)
        draw_projectors(board, facts, floor=0.4)
        _write_explanations(board, facts)
        board.artists["headline"] = add_headline(
            figure, title or f"Rainmer’s encoder: {facts.total:,} parameters"
        )
    return Drawing(
        figure, board.artists, {"draws": "figure 1", "title": title, "encoder": asdict(facts)}
    )


def _write_explanations(board: DiagramCanvas, facts: ArchitectureFacts) -> None:
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
