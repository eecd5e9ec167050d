"""What a run tells while it goes on: numbers of its steps, rows of its log, curves, examples."""

from __future__ import annotations

from rainmer_analysis.train.loop.logs.csv_log import CsvLog
from rainmer_analysis.train.loop.logs.deferred_numbers import DeferredNumbers
from rainmer_analysis.train.loop.logs.run_monitor import RunMonitor

__all__ = ["CsvLog", "DeferredNumbers", "RunMonitor"]
