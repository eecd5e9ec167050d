"""How what a picture states differs from what a file holds, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rainmer_analysis.values import to_json_types

__all__ = ["describe_differences", "is_same_request", "list_differences", "space_name"]

_WORDS = {
    "space.weights_sha256": "other weights",
    "space.preprocessing": "another resize rule",
    "space.precision": "another precision",
    "parameters.seed": "another seed",
    "parameters.table": "another table",
    "counts": "other numbers of images",
    "groups": "other numbers of scenes",
    "points_sha256": "other coordinates",
    "images_sha256": "other images",
    "content_sha256": "other content",
}
# What sets apart two results of the same request: data, weights and seed.
_DATA = frozenset({"seed", "table", "encoder", "left_out", "aligned_to", "libraries", "reference"})
_SHORT = 24


def list_differences(stated: Any, found: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Return what differs between two JSON documents: dotted name, stated and found value."""
    stated, found = to_json_types(stated), to_json_types(found)
    if isinstance(stated, dict) and isinstance(found, dict):
        names = [*stated, *(name for name in found if name not in stated)]
        return [
            each
            for name in names
            for each in list_differences(
                stated.get(name), found.get(name), f"{path}.{name}" if path else str(name)
            )
        ]
    return [] if stated == found else [(path, stated, found)]


def describe_differences(stated: Any, found: Any) -> str:
    """Return the differences of two JSON documents in a few words; empty where there are none."""
    seen: dict[str, None] = {}
    for name, one, other in list_differences(stated, found):
        if name.startswith("parameters.encoder."):
            continue  # the space names it
        words = _WORDS.get(name, name.rpartition(".")[2])
        if all(
            isinstance(each, int | float | str) and len(str(each)) < _SHORT for each in (one, other)
        ):
            words += f" ({other}, not {one})"
        seen[words] = None
    if len(seen) > 1:
        seen.pop(_WORDS["content_sha256"], None)
    return ", ".join(seen)


def is_same_request(stated: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Return whether two sets of parameters ask for the same of data that may be another."""

    def without_data(parameters: Mapping[str, Any]) -> Any:
        return to_json_types({k: v for k, v in parameters.items() if k not in _DATA})

    return bool(without_data(stated) == without_data(found))


def space_name(space: Mapping[str, Any] | None) -> str:
    """Return encoder and view of a space that a record states."""
    return "" if space is None else f"{space['encoder']}/{space['view']}"
