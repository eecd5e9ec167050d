"""How datasets relate: the registry of scores, their uncertainty, and statistics of claims.

`relate` turns a table into a matrix by one of `SCORES`; `bootstrap` resamples scenes; the rest are
pure functions of a table or a matrix that a claim about datasets can be read from.
"""

from __future__ import annotations

from rainmer_analysis.scores.cells import (
    Cell,
    all_negative,
    all_positive,
    cells,
    highest_cell,
    lowest_cell,
    night_margin,
    night_margin_statistic,
)
from rainmer_analysis.scores.intervals import Interval, Statistic, bootstrap
from rainmer_analysis.scores.registry import DEFAULT_SCORE, SCORES
from rainmer_analysis.scores.relate import relate
from rainmer_analysis.scores.score import Context, Score
from rainmer_analysis.scores.spread import compactness, isolation, isolation_chance, mixing

__all__ = [
    "DEFAULT_SCORE",
    "SCORES",
    "Cell",
    "Context",
    "Interval",
    "Score",
    "Statistic",
    "all_negative",
    "all_positive",
    "bootstrap",
    "cells",
    "compactness",
    "highest_cell",
    "isolation",
    "isolation_chance",
    "lowest_cell",
    "mixing",
    "night_margin",
    "night_margin_statistic",
    "relate",
]
