"""Controls summed up beside a space: one number per quantity, or percentiles over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["nested_percentiles", "without_intervals"]

_LEVELS = {"p5": 5, "p50": 50, "p95": 95}


def without_intervals(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a view's numbers without their intervals, under the same names."""
    return {
        "variance": dict(document["variance"]),
        "ratio": document["ratio"]["value"],
        "neighbours": {name: each["value"] for name, each in document["neighbours"].items()},
        "ladders": {
            name: {
                "rho": each["rho"],
                "across": each["across"]["value"],
                "share": each["share"]["value"],
                "positions": list(each["positions"]),
            }
            for name, each in document["ladders"].items()
        },
        "dimension": document["dimension"],
    }


def nested_percentiles(documents: Sequence[Any]) -> dict[str, Any]:
    """Return the 5th, 50th and 95th percentile of nested numbers of the same names."""
    return {name: _nested_percentile(documents, level) for name, level in _LEVELS.items()}


def _nested_percentile(documents: Sequence[Any], level: int) -> Any:
    first = documents[0]
    if isinstance(first, Mapping):
        return {
            name: _nested_percentile([each[name] for each in documents], level) for name in first
        }
    if isinstance(first, list):
        return [_nested_percentile(each, level) for each in zip(*documents, strict=True)]
    known = [each for each in documents if each is not None]
    return float(np.percentile(known, level)) if known else None
