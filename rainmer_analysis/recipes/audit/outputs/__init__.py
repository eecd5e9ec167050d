"""What is made from an audit: lists, manifests, a page."""

from __future__ import annotations

from rainmer_analysis.recipes.audit.outputs.audit_lists import write_lists
from rainmer_analysis.recipes.audit.outputs.audit_manifests import (
    write_clean_manifest,
    write_scene_manifest,
)
from rainmer_analysis.recipes.audit.outputs.audit_page import write_page
from rainmer_analysis.recipes.audit.outputs.removals import removals

__all__ = [
    "removals",
    "write_clean_manifest",
    "write_lists",
    "write_page",
    "write_scene_manifest",
]
