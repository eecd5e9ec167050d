"""Tables of text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["align_columns", "printable"]


def align_columns(lines: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Align columns: the first `left` of them to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def printable(text: str) -> str:
    """Show control characters of names, so that a line stays a line."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
