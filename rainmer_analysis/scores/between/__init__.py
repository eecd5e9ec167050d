"""How two encoders agree about the same images and datasets."""

from __future__ import annotations

from rainmer_analysis.scores.between.encoder_agreement import Agreement, Estimate, compare
from rainmer_analysis.scores.between.representation_similarity import (
    debiased_cka,
    linear_cka,
    rsa_correlation,
)

__all__ = ["Agreement", "Estimate", "compare", "debiased_cka", "linear_cka", "rsa_correlation"]
