"""The maps that a picture shows, compared with map files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rainmer_analysis.draw import map_count_and_digests, map_provenance
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import align_maps
from rainmer_analysis.recipes.verify.evidence import (
    Check,
    GivenFile,
    GivenFiles,
    describe_differences,
    space_name,
)
from rainmer_analysis.values import SphereMap

__all__ = ["find_and_check_map"]


def find_and_check_map(
    stated: Mapping[str, Any],
    numbers: Mapping[str, Any],
    inputs: GivenFiles,
    *,
    first: SphereMap | None,
) -> tuple[Check, SphereMap | None]:
    """Look for a map's file, and compare all that the picture states of it.

    Others may have been turned onto the picture's `first` map. Returns the comparison, and the map
    as it was drawn where everything agrees.
    """
    name = space_name(stated["space"])
    what = f"map {name}"
    onto = stated["parameters"].get("aligned_to")
    if onto is not None and (first is None or first.content_sha256 != onto):
        return Check(what, "not checked", "the map that it was turned onto was not found"), None
    candidates = inputs.of_request("map", name, stated["parameters"])
    for each in candidates:
        drawn = None if each.fault else _align_as_drawn(each, stated, first)
        if drawn is not None and drawn.content_sha256 == stated["content_sha256"]:
            found = {**map_provenance(drawn), **map_count_and_digests(drawn)}
            other = describe_differences({**stated, **numbers}, found)
            if other:
                return Check(what, "differs", f"{each.path} has {other}"), None
            return Check(what, "agrees", f"{len(drawn):,} coordinates: {each.path}"), drawn
    if not candidates:
        digest = str(stated["content_sha256"])[:12]
        return Check(what, "not checked", f"no map of {name} (content {digest}…) was given"), None
    nearest = candidates[0]
    if nearest.fault:
        return Check(what, "differs", nearest.fault), None
    found = {**map_provenance(nearest.value), **map_count_and_digests(nearest.value)}
    other = describe_differences({**stated, **numbers}, found)
    return Check(what, "differs", f"{nearest.path} is not what the picture shows: {other}"), None


def _align_as_drawn(
    candidate: GivenFile, stated: Mapping[str, Any], first: SphereMap | None
) -> SphereMap | None:
    """Return a candidate turned as the picture's maps were; None where it cannot be turned."""
    value: SphereMap = candidate.value
    if first is None or "aligned_to" not in stated["parameters"]:
        return value
    try:
        return align_maps([first, value])[1]
    except ParameterError:
        return None
