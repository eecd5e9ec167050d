"""What is made from an audit: lists, manifests, a page."""

from __future__ import annotations

from rainmer_analysis.recipes.audit.outputs.audit_manifests import (
    write_clean_manifest_once,
    write_scene_manifest_once,
)
from rainmer_analysis.recipes.audit.outputs.audit_page import write_audit_page_once
from rainmer_analysis.recipes.audit.outputs.finding_lists import write_finding_lists_once

__all__ = [
    "write_audit_page_once",
    "write_clean_manifest_once",
    "write_finding_lists_once",
    "write_scene_manifest_once",
]
