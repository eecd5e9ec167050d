"""Comparisons and what is compared: stated and found values, files, what agreed."""

from __future__ import annotations

from rainmer_analysis.recipes.verify.evidence.checks import (
    Check,
    Verification,
    agrees,
    differs,
    not_checked,
)
from rainmer_analysis.recipes.verify.evidence.compare_stated import (
    describe_differences,
    list_differences,
    same_request,
    space_name,
)
from rainmer_analysis.recipes.verify.evidence.given_files import Candidate, Inputs, find_inputs
from rainmer_analysis.recipes.verify.evidence.verified_content import VerifiedContent

__all__ = [
    "Candidate",
    "Check",
    "Inputs",
    "Verification",
    "VerifiedContent",
    "agrees",
    "describe_differences",
    "differs",
    "find_inputs",
    "list_differences",
    "not_checked",
    "same_request",
    "space_name",
]
