"""The document of one space: its own numbers, and those of controls beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rainmer_analysis.infer.encoders import encoder_spaces
from rainmer_analysis.recipes.probe.control_summary import nested_percentiles, without_intervals
from rainmer_analysis.recipes.probe.probed_encoders import UNTRAINED, ProbedEncoder
from rainmer_analysis.recipes.probe.real_sets_probe import (
    accuracy_above_controls,
    real_sets_document,
)

__all__ = ["VERSION", "space_document"]

VERSION = 1
Groups = Mapping[str, Sequence[Mapping[str, Any]]]


def space_document(
    subject: ProbedEncoder, view: str, parts: Mapping[str, Any], *, beside: Groups, rule: str
) -> dict[str, Any]:
    """Return what a file says of one view of an encoder, resized by a rule.

    `parts` is what was measured of it: per part (``simulated``, perhaps ``real``) a document per
    view; `beside` the same of the controls, by group.
    """
    controls = {group: _control_document(group, found, view) for group, found in beside.items()}
    real = None
    if "real" in parts:
        real = _real_sets_document_beside_controls(
            parts["real"][view],
            {g: _control_documents_with_view(f, "real", view) for g, f in beside.items()},
        )
    return {
        "kind": "probe",
        "version": VERSION,
        "label": f"{subject.label}/{view}",
        "space": asdict(encoder_spaces(subject.encoder, rule=rule)[view]),
        **parts["simulated"][view],
        "real": real,
        "controls": {group: found for group, found in controls.items() if found is not None},
    }


def _control_documents_with_view(
    found: Sequence[Mapping[str, Any]], part: str, view: str
) -> list[dict[str, Any]]:
    return [each[part][view] for each in found if view in each[part]]


def _control_document(
    group: str, found: Sequence[Mapping[str, Any]], view: str
) -> dict[str, Any] | None:
    known = [
        without_intervals(each) for each in _control_documents_with_view(found, "simulated", view)
    ]
    if not known:
        return None
    return {"seeds": len(known), **nested_percentiles(known)} if group == UNTRAINED else known[0]


def _real_sets_document_beside_controls(
    own: dict[str, Any], others: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    known = {group: found for group, found in others.items() if found}
    accuracies = {
        group: [real_sets_document(each)["accuracy"] for each in found]
        for group, found in known.items()
    }
    return {
        **real_sets_document(own),
        "above": {group: accuracy_above_controls(own, found) for group, found in known.items()},
        "controls": {
            group: nested_percentiles(values) if group == UNTRAINED else values[0]
            for group, values in accuracies.items()
        },
    }
