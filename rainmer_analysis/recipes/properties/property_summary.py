"""A table of properties in numbers: per dataset and measure how many, mean, spread, quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from rainmer_analysis.values import PROPERTIES, PropertyTable

__all__ = ["QUANTILES", "summarise_properties"]

QUANTILES = (5, 25, 50, 75, 95)
"""Per cent."""


def summarise_properties(table: PropertyTable) -> dict[str, dict[str, Any]]:
    """Return what a table says of each dataset, as JSON types.

    Returns
    -------
    By dataset ``images``, ``pairs`` (images with a target), ``scenes``, ``sizes`` (smallest and
    largest, by area), and ``properties``: per measure ``n`` finite values, ``undefined`` ones,
    ``infinite`` ones (the PSNR of equal images), and over the finite ``mean``, ``sd``, ``min``,
    ``p5``, ``p25``, ``p50``, ``p75``, ``p95`` and ``max``, null where there is none.
    """
    return {name: _summarise_dataset(part) for name, part in table.by_dataset().items()}


def _summarise_dataset(table: PropertyTable) -> dict[str, Any]:
    rows = table.rows
    sizes = sorted(
        {
            (int(w), int(h))
            for w, h in zip(rows.column("width"), rows.column("height"), strict=True)
        },
        key=lambda size: (size[0] * size[1], size),
    )
    return {
        "images": len(rows),
        "pairs": sum(isinstance(each, str) for each in rows.cells("target")),
        "scenes": sum(rows.group_counts.values()),
        "sizes": {"count": len(sizes), "smallest": sizes[0], "largest": sizes[-1]},
        "properties": {name: _summarise_values(table.column(name)) for name in PROPERTIES},
    }


def _summarise_values(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    found: dict[str, Any] = {
        "n": len(known),
        "undefined": int(np.isnan(values).sum()),
        "infinite": int(np.isinf(values).sum()),
    }
    names = ("mean", "sd", "min", *(f"p{each}" for each in QUANTILES), "max")
    if not len(known):
        return found | dict.fromkeys(names)
    numbers = (
        known.mean(),
        known.std(),
        known.min(),
        *np.percentile(known, QUANTILES),
        known.max(),
    )
    return found | {name: float(each) for name, each in zip(names, numbers, strict=True)}
