"""Scripts that a page carries in itself, and the policy that allows these and nothing else."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from plotly.offline import get_plotlyjs

__all__ = [
    "content_security_policy",
    "gzipped_plotly_base64",
    "plotly_script",
    "read_template_file",
]


@cache
def plotly_script() -> str:
    """Return plotly.js as one script."""
    return str(get_plotlyjs())


@cache
def gzipped_plotly_base64() -> str:
    """Return plotly.js, gzipped, in base64: 1.9 MB instead of 4.8; the same bytes every time."""
    return base64.b64encode(gzip.compress(plotly_script().encode(), 9, mtime=0)).decode()


def read_template_file(name: str) -> str:
    """Return a style sheet or script of this room."""
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


def content_security_policy(scripts: Sequence[str]) -> str:
    """Return a content security policy: these inline scripts, and nothing from elsewhere.

    Styles may be inline, since plotly.js writes some of its own; images come from the page itself.
    """
    hashes = " ".join(_csp_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _csp_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
