"""The report as one page."""

from __future__ import annotations

from typing import Any

import numpy as np

from rainmer_analysis.pages.content import ReportContent, SpacePanel
from rainmer_analysis.pages.environment import render_page
from rainmer_analysis.pages.methods import SOURCES, methods_of
from rainmer_analysis.pages.payload import payload_of
from rainmer_analysis.pages.relations import cells_of
from rainmer_analysis.pages.summary import certainty, lead, relations, what_they_are
from rainmer_analysis.pages.wording import (
    interval,
    joined,
    number,
    score_words,
    space_title,
    view_words,
)
from rainmer_analysis.values import RelationshipMatrix

__all__ = ["render_report"]

_SAMPLES = 4


def render_report(content: ReportContent, *, request: str) -> str:
    """Return the report as HTML.

    Everything is inside: styles, scripts, plotly.js, data and thumbnails. The same content gives
    the same text, since no date is in it.

    Parameters
    ----------
    content
        What it shows.
    request
        Digest of the request that the page answers.
    """
    methods, cited = _cited(methods_of(content))
    return render_page(
        "report",
        payload=payload_of(content),
        request=request,
        content=content,
        title=f"How {joined([each.name for each in content.datasets])} relate",
        lead=lead(content),
        samples=_samples(content),
        what=what_they_are(content),
        relations=relations(content),
        certainty=certainty(content),
        matrices=[_matrix(panel) for panel in content.panels if panel.matrix is not None],
        outliers=_outliers(content),
        methods=methods,
        sources=[SOURCES[key] for key in cited],
    )


def _cited(
    paragraphs: list[tuple[str, str, list[str]]],
) -> tuple[list[tuple[str, str, list[int]]], list[str]]:
    """Replace keys by numbers of sources in the order in which the text cites them."""
    keys = list(dict.fromkeys(key for _, _, cited in paragraphs for key in cited))
    numbered = [
        (heading, text, [keys.index(key) + 1 for key in cited])
        for heading, text, cited in paragraphs
    ]
    return numbered, keys


def _samples(content: ReportContent) -> list[list[int]]:
    """Return rows of each dataset that show what it is, spread over its order."""
    codes = content.rows.codes
    found = []
    for code in range(len(content.datasets)):
        own = np.flatnonzero(codes == code)
        places = np.linspace(0, len(own) - 1, min(_SAMPLES, len(own))).round().astype(int)
        found.append([int(row) for row in own[places] if content.thumbnails[row]])
    return found


def _outliers(content: ReportContent) -> list[dict[str, Any]]:
    """Return a row for each image that sticks out somewhere, with all spaces where it does."""
    names, datasets = content.rows.column("image_id"), content.rows.column("dataset")
    found: dict[int, dict[str, Any]] = {}
    for each in content.outliers:
        row = found.setdefault(
            each.index,
            {"index": each.index, "name": names[each.index], "places": []},
        )
        row["dataset"] = datasets[each.index]
        row["places"].append(each)
    return list(found.values())


def _matrix(panel: SpacePanel) -> dict[str, Any]:
    matrix = panel.matrix
    assert matrix is not None
    ceilings = None
    # the diagonal of some scores is of different scenes already, and says the same
    if matrix.ceilings is not None and _differs(matrix):
        ceilings = [f"{number(v)} {interval(low, high)}" for v, low, high in matrix.ceilings]
    return {
        "title": space_title(panel.name),
        "about": view_words(panel.map.space.view),
        "score": score_words(matrix.score),
        "names": matrix.datasets,
        "cells": cells_of(matrix),
        "ceilings": ceilings,
        "tested": matrix.q is not None,
        "left_out": list(matrix.parameters.get("left_out", {}).values()),
    }


def _differs(matrix: RelationshipMatrix) -> bool:
    assert matrix.ceilings is not None
    shown = [number(value) for value in matrix.ceilings[:, 0]]
    return shown != [number(value) for value in np.diag(matrix.values)]
