"""The rows of a picture of probes: spaces view by view, each view's controls below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rainmer_analysis.draw.figure import short_labels
from rainmer_analysis.errors import ParameterError

__all__ = ["NEIGHBOURS", "ProbeRow", "check_is_probe", "probe_rows_by_view"]

NEIGHBOURS = ("kind", "draw", "level", "adjacent")
Range = tuple[float, float, float]


@dataclass(frozen=True)
class ProbeRow:
    """One row: a space, or a control of a view.

    Parameters
    ----------
    label
        What stands at the left.
    control
        Whether it is a control.
    variance
        Shares by source.
    neighbours
        Per kind of neighbour value, low and high (the value itself where there is no interval).
    """

    label: str
    control: bool
    variance: Mapping[str, float]
    neighbours: Mapping[str, Range]


def check_is_probe(document: Mapping[str, Any]) -> None:
    """Make sure that a document holds spaces that were probed.

    Raises ParameterError: it does not.
    """
    if document.get("kind") != "probe" or not document.get("spaces"):
        raise ParameterError(
            f"a document of the kind {document.get('kind')!r} came to be drawn; give one that "
            "'rainmer-analysis probe' wrote"
        )


def probe_rows_by_view(spaces: Sequence[Mapping[str, Any]]) -> list[list[ProbeRow]]:
    """Return the rows of each view."""
    views = list(dict.fromkeys(each["space"]["view"] for each in spaces))
    return [
        _rows_of_view([each for each in spaces if each["space"]["view"] == view]) for view in views
    ]


def _rows_of_view(group: Sequence[Mapping[str, Any]]) -> list[ProbeRow]:
    labels = short_labels([each["label"] for each in group], limit=32)
    own = [
        ProbeRow(
            labels[each["label"]],
            control=False,
            variance=each["variance"],
            neighbours={name: _value_and_range(each["neighbours"][name]) for name in NEIGHBOURS},
        )
        for each in group
    ]
    return own + [_control_row(name, found) for name, found in group[0]["controls"].items()]


def _control_row(name: str, found: Mapping[str, Any]) -> ProbeRow:
    if "seeds" not in found:
        same = {each: (found["neighbours"][each],) * 3 for each in NEIGHBOURS}
        return ProbeRow(name, control=True, variance=found["variance"], neighbours=same)
    low, middle, high = (found[level] for level in ("p5", "p50", "p95"))
    ranges = {
        each: tuple(level["neighbours"][each] for level in (middle, low, high))
        for each in NEIGHBOURS
    }
    total = sum(middle["variance"].values())  # medians need not add up to 1
    shares = {source: value / total for source, value in middle["variance"].items()}
    label = f"{name}, {found['seeds']} seed{'s' if found['seeds'] > 1 else ''}"
    return ProbeRow(label, control=True, variance=shares, neighbours=ranges)


def _value_and_range(found: Mapping[str, Any]) -> Range:
    value = float(found["value"])
    low, high = (value if found[side] is None else float(found[side]) for side in ("low", "high"))
    return value, low, high
