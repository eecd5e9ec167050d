"""Audits of image folders: what is wrong with files and pairs, what repeats, and what leaks."""

from __future__ import annotations

from rainmer_analysis.recipes.audit.audit_file import Audit, read_audit
from rainmer_analysis.recipes.audit.fingerprint_set import fingerprint
from rainmer_analysis.recipes.audit.run_audit import audit

__all__ = ["Audit", "audit", "fingerprint", "read_audit"]
