"""Fields that know what they may hold."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Any

__all__ = ["choice_field", "number_field"]


def number_field(default: float, low: float, high: float = math.inf) -> Any:
    """Return a field that holds a number in [low, high]."""
    return field(default=default, metadata={"low": low, "high": high})


def choice_field(default: str, *others: str) -> Any:
    """Return a field that holds one of some texts."""
    return field(default=default, metadata={"choices": (default, *others)})
