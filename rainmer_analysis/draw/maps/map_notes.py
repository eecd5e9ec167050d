"""What a panel says of its map, in small lines under its title."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rainmer_analysis.values import SphereMap

__all__ = ["fidelity_notes", "neighbourhood_notes", "radii_by_dataset"]

# Characters that a line of notes has room for, by the number of panels side by side.
_ROOM = {1: 100, 2: 74, 3: 48}
_NEIGHBOURHOODS = ("trustworthiness", "continuity")


def fidelity_notes(value: SphereMap, *, columns: int) -> tuple[str, ...]:
    """Return lines on a map's fidelity, stability and placement of new images, from its file."""
    near = _neighbourhood_phrases(value)
    if near and "neighbors" in value.fidelity:
        near[-1] += f" (k = {value.fidelity['neighbors']})"
    further = (
        ("spearman", "rank correlation {:.3f}"),
        (
            "radius_degrees",
            _radius_level_percent(value) + " radius of a placed image {:.1f}° (median)",
        ),
        ("stability_degrees", "move between seeds {:.1f}° (median)"),
    )
    stated = [
        form.format(value.fidelity[key]) for key, form in further if _is_known_number(value, key)
    ]
    return _pack_into_lines(near + stated, _ROOM[columns])


def neighbourhood_notes(value: SphereMap) -> tuple[str, ...]:
    """Return only what the map's file says of neighbourhoods, where there is room for no more."""
    near = _neighbourhood_phrases(value)
    return (", ".join(near),) if near else ()


def radii_by_dataset(value: SphereMap) -> dict[str, float]:
    """Return the calibrated radius of each dataset in degrees, where the map has them."""
    found = value.fidelity.get("radius_degrees_by_dataset")
    return dict(found) if isinstance(found, dict) else {}


def _neighbourhood_phrases(value: SphereMap) -> list[str]:
    return [
        f"{key} {value.fidelity[key]:.3f}"
        for key in _NEIGHBOURHOODS
        if _is_known_number(value, key)
    ]


def _radius_level_percent(value: SphereMap) -> str:
    return f"{100 * float(value.fidelity.get('radius_level', 0.9)):.0f} %"


def _is_known_number(value: SphereMap, key: str) -> bool:
    number = value.fidelity.get(key)
    return isinstance(number, int | float) and not math.isnan(number)


def _pack_into_lines(phrases: Sequence[str], room: int) -> tuple[str, ...]:
    lines: list[str] = []
    for phrase in phrases:
        if lines and len(lines[-1]) + 2 + len(phrase) <= room:
            lines[-1] += f", {phrase}"
        else:
            lines.append(phrase)
    return tuple(lines)
