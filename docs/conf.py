"""Configuration of the documentation; `make docs` builds it, with warnings as errors."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "rainmer-analysis"
author = "The rainmer-analysis developers"
version = release = installed_version("rainmer-analysis")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_click",
    "mathml",
    "repository_links",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "literal"
nitpicky = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
numpydoc_show_class_members = False
numpydoc_show_inherited_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "rainmer-analysis"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 8,
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
html_sidebars = {"tutorial": [], "gallery": [], "mathematics": [], "limits": []}


def _escape_stars(app: Sphinx, context: object, lines: list[str]) -> None:  # noqa: ARG001
    """Keep stars of file patterns in help texts from being read as emphasis."""
    lines[:] = [re.sub(r"(?<!\*)\*(?!\*)", r"\\*", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Connect what the extensions ask for."""
    app.connect("sphinx-click-process-options", _escape_stars)
