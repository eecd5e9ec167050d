"""From folders or tables to one page."""

from __future__ import annotations

from rainmer_analysis.recipes.report.make_report import Report, report
from rainmer_analysis.recipes.report.report_inputs import ReportOptions

__all__ = ["Report", "ReportOptions", "report"]
