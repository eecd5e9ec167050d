"""Comparisons and what is compared: stated and found values, files, what agreed."""

from __future__ import annotations

from rainmer_analysis.recipes.verify.evidence.checks import Check, Verification
from rainmer_analysis.recipes.verify.evidence.differences_from_stated import (
    describe_differences,
    list_differences,
    space_name,
)
from rainmer_analysis.recipes.verify.evidence.given_files import (
    GivenFile,
    GivenFiles,
    find_given_files,
)
from rainmer_analysis.recipes.verify.evidence.verified_content import VerifiedContent

__all__ = [
    "Check",
    "GivenFile",
    "GivenFiles",
    "Verification",
    "VerifiedContent",
    "describe_differences",
    "find_given_files",
    "list_differences",
    "space_name",
]
