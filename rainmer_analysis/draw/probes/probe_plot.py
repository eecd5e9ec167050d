"""One picture of a probe: shares of variance, neighbours and ladders of all its spaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rainmer_analysis.draw.figure import (
    INK,
    MUTED,
    WIDTH,
    Drawing,
    add_headline,
    new_figure,
    style_context,
)
from rainmer_analysis.draw.matrices.matrix_style import longest_label_inches
from rainmer_analysis.draw.probes.ladder_position_panels import HEIGHT, add_ladder_position_panels
from rainmer_analysis.draw.probes.probe_rows_by_view import check_is_probe, probe_rows_by_view
from rainmer_analysis.draw.probes.variance_and_neighbour_panels import (
    ROW,
    add_variance_and_neighbours,
)

__all__ = ["plot_probe"]

_WIDEST = 2.4  # inches that labels may take
_HEAD, _BETWEEN, _FOOT = 0.62, 0.72, 0.4


def plot_probe(document: Mapping[str, Any]) -> Drawing:
    """Draw what a probe found.

    Above, one row per space and per control of its view: shares of variance, and whose neighbour
    an image is, with 95 % intervals over scenes (untrained networks: 5 to 95 % of seeds) and
    chance as a broken line. Below, per space and ladder the position of images along the
    direction that other scenes learned, mean and sd over scenes; untrained networks in grey.

    Raises ParameterError: the document is no probe.

    Parameters
    ----------
    document
        Of `probe`, or its file read as JSON.

    Returns
    -------
    Drawing
        With the artists ``variance`` (bars by row and source), ``legend``, ``neighbours/NAME``
        (dots by row, and ``chance``) and ``ladder/I/NAME`` for space I from 0.
    """
    check_is_probe(document)
    spaces, design = document["spaces"], document["design"]
    views = probe_rows_by_view(spaces)
    labels = [entry.label for view in views for entry in view]
    rows = ROW * (sum(map(len, views)) + 0.45 * (len(views) - 1))
    with style_context():
        figure = new_figure(WIDTH, _HEAD + rows + _BETWEEN + HEIGHT * len(spaces) + _FOOT - 0.1)
        left = min(longest_label_inches(labels, 6.5) + 0.17, _WIDEST)
        add_headline(figure, "What embedding spaces know")
        artists, end = add_variance_and_neighbours(figure, views, spaces, left=left, top=_HEAD)
        artists |= add_ladder_position_panels(figure, spaces, left=left, top=end + _BETWEEN)
        words = (
            "Ladders, weak to strong: position in scenes left out; ρ within a scene / across scenes"
        )
        _add_text(figure, 0.1, end + _BETWEEN - 0.32, words).set(fontsize=8, color=INK)
        note = (
            f"{design['scenes']} simulated scenes (split {design['split']}), {design['draws']} "
            f"draws of each kind of weather, {design['side']} pixels.\n"
            "Band: sd over scenes; grey: "
            "untrained networks, 5 to 95 % of seeds. "
            "Share: of the level in all variance along the ladder."
        )
        _add_text(figure, 0.1, figure.get_size_inches()[1] - 0.19, note).set_color(MUTED)
    about = {"draws": "probe", "probe": document.get("request")}
    return Drawing(figure, artists, about, {"design": design, "spaces": spaces})


def _add_text(figure: Any, left: float, top: float, words: str) -> Any:
    across, down = figure.get_size_inches()
    return figure.text(left / across, 1 - top / down, words, fontsize=6, va="center")
