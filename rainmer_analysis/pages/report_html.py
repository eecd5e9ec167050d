"""The report as one page."""

from __future__ import annotations

from typing import Any

import numpy as np

from rainmer_analysis.pages.embedded_page_data import report_script_data
from rainmer_analysis.pages.matrix_tables import matrix_template_values
from rainmer_analysis.pages.methods_section import methods_with_numbered_sources
from rainmer_analysis.pages.render_templates import render_page
from rainmer_analysis.pages.report_content import ReportContent
from rainmer_analysis.pages.summary_sentences import (
    certainty_sentences,
    dataset_sentences,
    headings_and_relation_sentences,
    lead_paragraph,
    page_title,
)

__all__ = ["render_report"]

_SAMPLES = 4


def render_report(content: ReportContent, *, request: str) -> str:
    """Return the report as HTML that answers the request of this digest.

    Everything is inside: styles, scripts, plotly.js, data and thumbnails. The same content gives
    the same text, since no date is in it.
    """
    methods, sources = methods_with_numbered_sources(content)
    return render_page(
        "report",
        payload=report_script_data(content),
        request=request,
        content=content,
        title=page_title(content),
        lead=lead_paragraph(content),
        samples=_evenly_spaced_rows_by_dataset(content),
        what=dataset_sentences(content),
        relations=headings_and_relation_sentences(content),
        certainty=certainty_sentences(content),
        matrices=[
            matrix_template_values(panel) for panel in content.panels if panel.matrix is not None
        ],
        outliers=_outliers_by_image(content),
        methods=methods,
        sources=sources,
    )


def _evenly_spaced_rows_by_dataset(content: ReportContent) -> list[list[int]]:
    """Return rows of each dataset that show what it is, spread over its order."""
    codes = content.rows.codes
    found = []
    for code in range(len(content.datasets)):
        own = np.flatnonzero(codes == code)
        places = np.linspace(0, len(own) - 1, min(_SAMPLES, len(own))).round().astype(int)
        found.append([int(row) for row in own[places] if content.thumbnails[row]])
    return found


def _outliers_by_image(content: ReportContent) -> list[dict[str, Any]]:
    """Return a row for each image that sticks out somewhere, with all spaces where it does."""
    names, datasets = content.rows.column("image_id"), content.rows.column("dataset")
    found: dict[int, dict[str, Any]] = {}
    for each in content.outliers:
        row = found.setdefault(
            each.index, {"index": each.index, "name": names[each.index], "places": []}
        )
        row["dataset"] = datasets[each.index]
        row["places"].append(each)
    return list(found.values())
