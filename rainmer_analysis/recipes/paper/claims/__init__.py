"""The claims of the supplement: their statistics, verdicts, and untrained controls beside them."""

from __future__ import annotations

from rainmer_analysis.recipes.paper.claims.supplement_claims import evaluate_claims
from rainmer_analysis.recipes.paper.claims.untrained_controls import (
    find_matching_controls,
    run_controls,
)

__all__ = ["evaluate_claims", "find_matching_controls", "run_controls"]
