"""The report as one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rainmer_analysis.pages.assets import content_policy, packed_plotly, plotly_source, text_of
from rainmer_analysis.pages.content import ReportContent, SpacePanel
from rainmer_analysis.pages.methods import SOURCES, methods_of
from rainmer_analysis.pages.payload import SYMBOLS, embedded_json, payload_of
from rainmer_analysis.pages.relations import cells_of
from rainmer_analysis.pages.summary import certainty, relations, what_they_are
from rainmer_analysis.pages.wording import (
    counted,
    interval,
    joined,
    number,
    space_title,
    view_words,
)

__all__ = ["REQUEST_NAME", "render_report"]

REQUEST_NAME = "rainmer-analysis-request"
"""Name of the ``meta`` element that holds the digest of the request that a page answers."""


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
    script = "\n" + text_of("report.js")
    methods = methods_of(content)
    cited = list(dict.fromkeys(key for _, _, keys in methods for key in keys))
    return _environment().get_template("report.html.j2").render(
        content=content,
        request=request,
        request_name=REQUEST_NAME,
        policy=content_policy([script, plotly_source()]),
        style=Markup(text_of("report.css")),  # noqa: S704
        script=Markup(script),  # noqa: S704
        plotly=Markup(packed_plotly()),  # noqa: S704
        data=Markup(embedded_json(payload_of(content))),  # noqa: S704
        title=f"How {joined([each.name for each in content.datasets])} relate",
        what=what_they_are(content),
        relations=relations(content),
        certainty=certainty(content),
        matrices=[_matrix(panel) for panel in content.panels if panel.matrix is not None],
        outliers=_outliers(content),
        methods=[
            (heading, text, [cited.index(key) + 1 for key in keys]) for heading, text, keys in methods
        ],
        sources=[SOURCES[key] for key in cited],
        symbols=SYMBOLS,
    )


def _outliers(content: ReportContent) -> list[dict[str, Any]]:
    names, datasets = content.rows.column("image_id"), content.rows.column("dataset")
    return [
        {**asdict(each), "name": names[each.index], "dataset": datasets[each.index]}
        for each in content.outliers
    ]


def _matrix(panel: SpacePanel) -> dict[str, Any]:
    matrix = panel.matrix
    assert matrix is not None
    ceilings = None
    if matrix.ceilings is not None:
        ceilings = [f"{number(v)} {interval(low, high)}" for v, low, high in matrix.ceilings]
    return {
        "title": space_title(panel.name),
        "about": view_words(panel.map.space.view),
        "score": matrix.score,
        "names": matrix.datasets,
        "cells": cells_of(matrix),
        "ceilings": ceilings,
        "tested": matrix.q is not None,
        "left_out": list(matrix.parameters.get("left_out", {}).values()),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rainmer_analysis.pages"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "number": number,
        "counted": counted,
        "space_title": space_title,
        "view_words": view_words,
    }
    environment.filters.update(filters)
    return environment
