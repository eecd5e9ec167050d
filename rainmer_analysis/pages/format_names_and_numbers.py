"""Numbers and names as a page says them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = [
    "count_with_noun",
    "format_interval",
    "format_number",
    "join_names",
    "score_in_words",
    "space_title",
    "view_in_words",
]

_VIEWS = {
    "chromatic": "light and colour",
    "degradation": "streaks, blur and flakes",
    "degradation-fea": "pooled features",
}
_ENCODERS = {"rainmer": "Rainmer", "airnet": "AirNet", "statistics": "Hand-made descriptors"}


def view_in_words(view: str) -> str:
    """Return what a view is about, or nothing for a view of another package."""
    return _VIEWS.get(view, "")


def space_title(name: str) -> str:
    """Return a space's name for a heading, as in ``Rainmer chromatic``."""
    encoder, _, view = name.partition("/")
    return f"{_ENCODERS.get(encoder, encoder)} {view}"


def score_in_words(score: str) -> str:
    """Return what a score is called in a sentence."""
    return {"cosine": "mean cosine"}.get(score, f"score “{score}”")


def format_number(value: float, decimals: int = 2) -> str:
    """Format with a true minus sign, zero without one, and a dash for what is missing."""
    if not math.isfinite(value):
        return "–"
    return f"{value:z.{decimals}f}".replace("-", "−")


def format_interval(low: float, high: float, decimals: int = 2) -> str:
    """Format the bounds of an interval, or nothing where they are not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{format_number(low, decimals)}, {format_number(high, decimals)}]"


def count_with_noun(count: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 image`` and ``1,200 images``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def join_names(names: Sequence[str]) -> str:
    """Join names as a sentence does."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
