"""Web pages of values: one file each that works from disk, without a network.

This room lays out what it is given, as `draw` does for pictures: it reads no image and computes no
score. A page carries its scripts, its data and its thumbnails in itself; its content security
policy names each script by hash and allows no outside source.
"""

from __future__ import annotations

from rainmer_analysis.pages.audit import render_audit
from rainmer_analysis.pages.content import (
    AuditKind,
    AuditRow,
    DatasetEntry,
    Outlier,
    ReportContent,
    SpacePanel,
)
from rainmer_analysis.pages.existing_page import check_page_name, is_page_up_to_date
from rainmer_analysis.pages.passport import PassportCard, PassportContent, render_passports
from rainmer_analysis.pages.report import render_report

__all__ = [
    "AuditKind",
    "AuditRow",
    "DatasetEntry",
    "Outlier",
    "PassportCard",
    "PassportContent",
    "ReportContent",
    "SpacePanel",
    "check_page_name",
    "is_page_up_to_date",
    "render_audit",
    "render_passports",
    "render_report",
]
