"""New images compared with a table, as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainmer_analysis.pages.embedded_page_data import SYMBOLS
from rainmer_analysis.pages.format_names_and_numbers import join_names, space_title
from rainmer_analysis.pages.render_templates import render_page
from rainmer_analysis.values import SphereMap

__all__ = ["PlacedImageCard", "PlacedImagesContent", "render_placed_images"]


@dataclass(frozen=True)
class PlacedImageCard:
    """What a page says of one image.

    Parameters
    ----------
    path, picture
        Its name and its thumbnail (WebP), None where there is none.
    datasets, p_values
        By dataset: probability, the likeliest first, and rank among its scenes.
    outside
        Whether every dataset refuses it.
    neighbours
        Id, distance in degrees, dataset and thumbnail of the nearest images.
    lon, lat, radius, disc
        Place and radius in degrees, None where it is not known, and the circle as longitudes and
        latitudes.
    known_as
        The table's image of the same bytes, if there is one.
    """

    path: str
    picture: bytes | None
    datasets: Mapping[str, float]
    p_values: Mapping[str, float]
    outside: bool
    neighbours: Sequence[tuple[str, float, str, bytes | None]]
    lon: float
    lat: float
    radius: float | None
    disc: Sequence[tuple[float, float]]
    known_as: str | None = None


@dataclass(frozen=True, eq=False)
class PlacedImagesContent:
    """All that a page of new images shows.

    Parameters
    ----------
    cards
        At least one.
    datasets
        By name: colours on light and dark pages, and marker.
    map
        The map that the images are placed on.
    level
        Of the verdicts and radii.
    skipped
        Images that cannot be used: path and reason.
    notes
        What limits the answers.
    """

    cards: Sequence[PlacedImageCard]
    datasets: Mapping[str, tuple[str, str, str]]
    map: SphereMap
    level: float
    skipped: Sequence[tuple[str, str]]
    notes: Sequence[str]


def render_placed_images(content: PlacedImagesContent, *, request: str) -> str:
    """Return the page as HTML that answers the request of this digest, with everything inside."""
    one = content.cards[0].path.rpartition("/")[2] if len(content.cards) == 1 else ""
    return render_page(
        "placed_images",
        payload=_script_data(content),
        request=request,
        content=content,
        title=f"What {one} is like" if one else f"What {len(content.cards)} images are like",
        against=join_names(list(content.datasets)),
        space=space_title(content.map.space.name),
        verdicts=[_verdict_sentence(card, content.level) for card in content.cards],
    )


def _verdict_sentence(card: PlacedImageCard, level: float) -> str:
    if card.outside:
        return (
            f"None of these: it is stranger than at least {level:.0%} of the scenes of every "
            "dataset. The probabilities hold only if it is of one of them all the same."
        )
    taken = [name for name, p in card.p_values.items() if p > 1 - level + 1e-12]
    best, share = next(iter(card.datasets.items()))
    return f"Most like {best} ({share:.0%}). It would not be unusual for {join_names(taken)}."


def _script_data(content: PlacedImagesContent) -> dict[str, Any]:
    codes = content.map.rows.codes
    lon, lat = np.round(content.map.lon, 2), np.round(content.map.lat, 2)
    return {
        "datasets": [
            {
                "name": name,
                "colour": colour,
                "darkColour": dark,
                "symbol": SYMBOLS[marker].name,
                "lon": lon[codes == code].tolist(),
                "lat": lat[codes == code].tolist(),
            }
            for code, (name, (colour, dark, marker)) in enumerate(content.datasets.items())
        ],
        "cards": [
            {"lon": card.lon, "lat": card.lat, "disc": [list(each) for each in card.disc]}
            for card in content.cards
        ],
    }
