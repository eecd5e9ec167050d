"""The data that a page's script reads: text that can stand inside a page as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.pages.format_names_and_numbers import space_title, view_in_words
from rainmer_analysis.pages.report_content import ReportContent, SpaceResults
from rainmer_analysis.values import to_json_types

__all__ = ["SYMBOLS", "report_script_data", "script_safe_json", "webp_data_url"]


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


def report_script_data(content: ReportContent) -> dict[str, Any]:
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
            "thumbnail": [_base64_text(each) for each in content.thumbnails],
        },
        "spaces": [_space_script_data(panel) for panel in content.panels],
    }


def script_safe_json(document: Any) -> str:
    """Return JSON in which no character can end the element that holds it."""
    text = json.dumps(
        to_json_types(document), ensure_ascii=True, separators=(",", ":"), allow_nan=False
    )
    return text.translate(_HIDDEN)


def webp_data_url(picture: bytes | None) -> str:
    """Return a picture as the source of an ``img``, or nothing."""
    return f"data:image/webp;base64,{_base64_text(picture)}" if picture else ""


def _space_script_data(panel: SpaceResults) -> dict[str, Any]:
    return {
        "name": panel.name,
        "title": space_title(panel.name),
        "about": view_in_words(panel.map.space.view),
        "lon": _rounded_list(panel.map.lon, 2),
        "lat": _rounded_list(panel.map.lat, 2),
        "neighbours": panel.neighbours.indices.tolist(),
        "degrees": _rounded_list(np.degrees(panel.neighbours.distances), 1),
    }


def _rounded_list(values: npt.NDArray[np.float64], decimals: int) -> list[Any]:
    return list(np.round(values, decimals).tolist())


def _base64_text(data: bytes | None) -> str:
    return base64.b64encode(data).decode() if data else ""
