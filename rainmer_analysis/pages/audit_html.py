"""An audit as one page: numbers, and both images of findings side by side."""

from __future__ import annotations

from typing import Any

from rainmer_analysis.pages.render_templates import render_page_without_scripts

__all__ = ["render_audit"]


def render_audit(**values: Any) -> str:
    """Return the page of an audit, which has no script and loads nothing.

    The template shows ``kinds`` of findings with their cards, ``datasets``, ``overlap`` of their
    scenes, and the numbers of ``images``, ``findings``, ``leaks`` and ``scenes``.
    """
    return render_page_without_scripts("audit", **values)
