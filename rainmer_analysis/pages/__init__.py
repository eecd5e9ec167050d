"""Web pages of values: one file each that works from disk, without a network.

This room lays out what it is given, as `draw` does for pictures: it reads no image and computes no
score. A page carries its scripts, its data and its thumbnails in itself; its content security
policy names each script by hash and allows no outside source.
"""

from __future__ import annotations

from rainmer_analysis.pages.existing_page import is_page_up_to_date
from rainmer_analysis.pages.render_audit import render_audit
from rainmer_analysis.pages.render_placed_images import (
    PlacedImageCard,
    PlacedImagesContent,
    render_placed_images,
)
from rainmer_analysis.pages.render_report import render_report
from rainmer_analysis.pages.report_content import (
    DatasetEntry,
    FindingRow,
    FindingsOfKind,
    Outlier,
    ReportContent,
    SpacePanel,
)

__all__ = [
    "DatasetEntry",
    "FindingRow",
    "FindingsOfKind",
    "Outlier",
    "PlacedImageCard",
    "PlacedImagesContent",
    "ReportContent",
    "SpacePanel",
    "is_page_up_to_date",
    "render_audit",
    "render_placed_images",
    "render_report",
]
