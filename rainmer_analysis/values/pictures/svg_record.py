"""A record in an SVG: a ``metadata`` element behind the start of its root (SVG 1.1, chapter 21)."""

from __future__ import annotations

import hashlib
import re
from xml.sax.saxutils import escape, unescape

__all__ = ["content_sha256", "insert_record", "split_record"]

_ROOT = re.compile(rb"<svg\b[^>]*>")
_START, _END = b'\n <metadata id="rainmer_analysis">', b"</metadata>"


def insert_record(picture: bytes, text: str) -> bytes:
    """Return the SVG with a record behind the start of its root element."""
    root = _ROOT.search(picture)
    assert root is not None, "matplotlib writes a root element"
    element = _START + escape(text).encode("ascii") + _END
    return picture[: root.end()] + element + picture[root.end() :]


def split_record(data: bytes) -> tuple[bytes | None, bytes]:
    """Return the record's text, None where there is none, and the SVG without it."""
    data = data.replace(b"\r\n", b"\n")  # as version control may have left it
    root = _ROOT.search(data)
    if root is None or not data.startswith(_START, root.end()):
        return None, data
    start = root.end() + len(_START)
    end = data.find(_END, start)
    if end < 0:
        return None, data
    text = unescape(data[start:end].decode("utf-8", "replace")).encode("utf-8")
    return text, data[: root.end()] + data[end + len(_END) :]


def content_sha256(picture: bytes) -> str:
    """Return the SHA-256 of all that is drawn: the file without its record."""
    return hashlib.sha256(picture).hexdigest()
