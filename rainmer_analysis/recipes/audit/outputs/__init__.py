"""What is made from an audit: lists, manifests, a page."""

from __future__ import annotations

from rainmer_analysis.recipes.audit.outputs.audit_manifests import (
    write_clean_manifest,
    write_scene_manifest,
)
from rainmer_analysis.recipes.audit.outputs.audit_page import write_audit_page
from rainmer_analysis.recipes.audit.outputs.finding_lists import write_finding_lists

__all__ = [
    "write_audit_page",
    "write_clean_manifest",
    "write_finding_lists",
    "write_scene_manifest",
]
