"""Web pages of values: one file each that works from disk, without a network.

This room lays out what it is given, as `draw` does for pictures: it reads no image and computes no
score. A page carries its scripts, its data and its thumbnails in itself; its content security
policy names each script by hash and allows no outside source.
"""

from __future__ import annotations

from rainmer_analysis.pages.audit_html import render_audit
from rainmer_analysis.pages.existing_page_checks import (
    demand_page_suffix,
    page_up_to_date_or_refuse,
)
from rainmer_analysis.pages.placed_images_html import (
    PlacedImageCard,
    PlacedImagesContent,
    render_placed_images,
)
from rainmer_analysis.pages.report_content import (
    DatasetEntry,
    FindingRow,
    FindingsOfKind,
    Outlier,
    ReportContent,
    SpaceResults,
)
from rainmer_analysis.pages.report_html import render_report

__all__ = [
    "DatasetEntry",
    "FindingRow",
    "FindingsOfKind",
    "Outlier",
    "PlacedImageCard",
    "PlacedImagesContent",
    "ReportContent",
    "SpaceResults",
    "demand_page_suffix",
    "page_up_to_date_or_refuse",
    "render_audit",
    "render_placed_images",
    "render_report",
]
