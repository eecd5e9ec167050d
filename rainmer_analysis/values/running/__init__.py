"""What is running now: the command that pictures state, and who hears of progress."""

from __future__ import annotations

from rainmer_analysis.values.running.progress_reports import (
    has_progress_listener,
    report_progress,
    report_progress_to,
)
from rainmer_analysis.values.running.running_command import running_command, state_running_command

__all__ = [
    "has_progress_listener",
    "report_progress",
    "report_progress_to",
    "running_command",
    "state_running_command",
]
