"""What a run tells while it goes on: numbers of its steps, rows of its log, curves, examples."""

from __future__ import annotations

from rainmer_analysis.train.loop.notes.log import Log
from rainmer_analysis.train.loop.notes.tally import Step, Tally
from rainmer_analysis.train.loop.notes.watching import Watcher

__all__ = ["Log", "Step", "Tally", "Watcher"]
