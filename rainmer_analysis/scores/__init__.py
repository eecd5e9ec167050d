"""How datasets relate: the registry of scores, their uncertainty, and statistics of claims.

`relate` turns a table, or sketches of tables, into a matrix by one of `SCORES`, with intervals and
tests over scenes where they are asked for; `compare` holds two encoders against each other about
the same images. The rest are statistics of a table or a matrix that a claim about datasets can be
read from.
"""

from __future__ import annotations

from rainmer_analysis.scores.between import Agreement, compare
from rainmer_analysis.scores.isolation_and_compactness import (
    compactness,
    isolation,
    isolation_by_dataset,
)
from rainmer_analysis.scores.matrix_bootstrap import Statistic, bootstrap
from rainmer_analysis.scores.outliers import FENCE, OUTLIER_NEIGHBOURS, find_outliers
from rainmer_analysis.scores.relate_table import relate
from rainmer_analysis.scores.score import Context, Reference, Score
from rainmer_analysis.scores.score_registry import DEFAULT_SCORE, SCORES
from rainmer_analysis.scores.separation_margin import make_separation_margin_statistic
from rainmer_analysis.scores.streaming import (
    Sketch,
    read_sketch,
    read_sketch_request_digest,
    sketch,
    write_sketch,
)

__all__ = [
    "DEFAULT_SCORE",
    "FENCE",
    "OUTLIER_NEIGHBOURS",
    "SCORES",
    "Agreement",
    "Context",
    "Reference",
    "Score",
    "Sketch",
    "Statistic",
    "bootstrap",
    "compactness",
    "compare",
    "find_outliers",
    "isolation",
    "isolation_by_dataset",
    "make_separation_margin_statistic",
    "read_sketch",
    "read_sketch_request_digest",
    "relate",
    "sketch",
    "write_sketch",
]
