"""Names as a picture can show them: what the font has, short, and all different."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.font_manager import get_font

__all__ = ["escape_missing_glyphs", "short_labels"]


@cache
def _code_points_of_font() -> frozenset[int]:
    font = get_font(str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")))
    return frozenset(font.get_charmap())


def escape_missing_glyphs(text: str) -> str:
    r"""Replace what the bundled font cannot show (or what breaks a line) by its code point.

    Two names that differ only in such characters stay different, where empty boxes would not.

    Examples
    --------
    >>> escape_missing_glyphs("rain\nµ")
    'rain\\x0aµ'
    """
    if text.isspace():
        return "".join(map(_escape_character, text))
    covered = _code_points_of_font()
    return "".join(
        c if c.isprintable() and ord(c) in covered else _escape_character(c) for c in text
    )


def _escape_character(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short_labels(names: Iterable[str], *, limit: int = 32) -> dict[str, str]:
    """Return a readable label of at most `limit` characters for each name, all different.

    Long names lose their middle, where names of one family seldom differ; if two labels would
    fall together, each such label ends in a few digits of its name's hash.

    Parameters
    ----------
    names
        Dataset names.
    limit
        The most characters of a label, at least 16.
    """
    names = list(dict.fromkeys(names))
    labels = {name: _shorten(escape_missing_glyphs(name), limit) for name in names}
    seen = list(labels.values())
    return {
        name: label
        if seen.count(label) == 1
        else _shorten(escape_missing_glyphs(name), limit - 5)
        + "#"
        + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:4]
        for name, label in labels.items()
    }


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return text[: limit - 1 - tail] + "…" + text[-tail:]
