"""The data that a page's script reads: text that can stand inside a page as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.pages.content import ReportContent, SpacePanel
from rainmer_analysis.pages.wording import space_title, view_words
from rainmer_analysis.values import to_json_types

__all__ = ["SYMBOLS", "embedded_json", "image_source", "report_data"]


class Symbol(NamedTuple):
    """A marker of pictures, as plotly.js names it and as a character."""

    name: str
    glyph: str


SYMBOLS: Mapping[str, Symbol] = MappingProxyType(
    {
        "o": Symbol("circle", "●"),
        "s": Symbol("square", "■"),
        "^": Symbol("triangle-up", "▲"),
        "D": Symbol("diamond", "◆"),
        "v": Symbol("triangle-down", "▼"),
        "P": Symbol("cross", "✚"),
        "X": Symbol("x", "✖"),
        "p": Symbol("pentagon", "⬟"),
        "<": Symbol("triangle-left", "◀"),
        "h": Symbol("hexagon", "⬢"),
        ">": Symbol("triangle-right", "▶"),
        "*": Symbol("star", "★"),
    }
)
"""By the marker of `draw`."""

_HIDDEN = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def report_data(content: ReportContent) -> dict[str, Any]:
    """Return datasets, images and spaces as JSON types; positions to a hundredth of a degree."""
    return {
        "datasets": [
            {
                "name": each.name,
                "colour": each.colour,
                "darkColour": each.dark_colour,
                "symbol": SYMBOLS[each.marker].name,
                "glyph": SYMBOLS[each.marker].glyph,
            }
            for each in content.datasets
        ],
        "images": {
            "id": list(content.rows.cells("image_id")),
            "dataset": content.rows.codes.tolist(),
            "thumbnail": [_base64(each) for each in content.thumbnails],
        },
        "spaces": [_space_data(panel) for panel in content.panels],
    }


def embedded_json(document: Any) -> str:
    """Return JSON in which no character can end the element that holds it."""
    text = json.dumps(
        to_json_types(document), ensure_ascii=True, separators=(",", ":"), allow_nan=False
    )
    return text.translate(_HIDDEN)


def image_source(picture: bytes | None) -> str:
    """Return a picture as the source of an ``img``, or nothing."""
    return f"data:image/webp;base64,{_base64(picture)}" if picture else ""


def _space_data(panel: SpacePanel) -> dict[str, Any]:
    return {
        "name": panel.name,
        "title": space_title(panel.name),
        "about": view_words(panel.map.space.view),
        "lon": _rounded(panel.map.lon, 2),
        "lat": _rounded(panel.map.lat, 2),
        "neighbours": panel.neighbours.indices.tolist(),
        "degrees": _rounded(np.degrees(panel.neighbours.distances), 1),
    }


def _rounded(values: npt.NDArray[np.float64], decimals: int) -> list[Any]:
    return list(np.round(values, decimals).tolist())


def _base64(data: bytes | None) -> str:
    return base64.b64encode(data).decode() if data else ""
