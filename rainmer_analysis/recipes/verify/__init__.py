"""Whether a picture is what it says it is, and what its inputs say to it."""

from __future__ import annotations

from rainmer_analysis.recipes.verify.evidence import Check, Verification
from rainmer_analysis.recipes.verify.verify_picture import verify

__all__ = ["Check", "Verification", "verify"]
