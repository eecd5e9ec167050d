"""Equations as MathML, so that pages need no script from another place."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

__all__ = ["setup"]


def _write_inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _write_block(writer: Any, node: nodes.math_block) -> None:
    number = node.get("number")
    label = f'<span class="equation-number">({number})</span>' if number else ""
    formula = tex2mathml(node.astext(), as_block=True)
    writer.body.append(f'<div class="equation">{formula}{label}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name `mathml` and make it the one in use."""
    app.add_html_math_renderer("mathml", (_write_inline, None), (_write_block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
