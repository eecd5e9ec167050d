"""What is running now: the command that pictures state, and who hears of progress."""

from __future__ import annotations

from rainmer_analysis.values.running.command_line import command_line, stated_command
from rainmer_analysis.values.running.progress_reports import (
    has_listener,
    progress_to,
    report_progress,
)

__all__ = ["command_line", "has_listener", "progress_to", "report_progress", "stated_command"]
