"""What pictures show beside maps and matrices: probes, properties, the architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rainmer_analysis.draw import read_architecture_facts
from rainmer_analysis.model import WIDTHS, RainmerEncoder, describe_encoder
from rainmer_analysis.recipes.verify.evidence import (
    Check,
    Inputs,
    agrees,
    describe_differences,
    differs,
    list_differences,
    not_checked,
)
from rainmer_analysis.values import PropertyTable, array_digest

__all__ = ["check_encoder", "check_probe", "check_properties"]


def check_probe(told: Mapping[str, Any], inputs: Inputs) -> list[Check]:
    """Compare the numbers of a probe with its file."""
    if told.get("draws") != "probe":
        return []
    stated = told["numbers"]
    candidates = inputs.of("probe")
    for each in candidates:
        found = {name: each.document.get(name) for name in ("design", "spaces")}
        other = list_differences(stated, found)
        if not other:
            return [agrees("probe", f"all numbers: {each.path}")]
        if each.document.get("request") == told["probe"] or len(candidates) == 1:
            return [
                differs("probe", f"{each.path} differs in {describe_differences(stated, found)}")
            ]
    if candidates:
        return [differs("probe", f"{candidates[0].path} is not the probe that the picture shows")]
    return [not_checked("probe", "no file of a probe was given")]


def check_properties(
    told: Mapping[str, Any], inputs: Inputs
) -> tuple[list[Check], PropertyTable | None]:
    """Look for the table of properties that a picture shows."""
    if told.get("draws") != "properties":
        return [], None
    candidates = inputs.of("properties")
    for each in candidates:
        table = each.value
        same = array_digest(table.values) == told["properties"]
        if same and dict(table.rows.counts) == dict(told["counts"]):
            return [agrees("properties", f"{len(table):,} images: {each.path}")], table
    if candidates:
        path = candidates[0].path
        return [differs("properties", f"{path} holds other measures than the picture shows")], None
    return [not_checked("properties", "no table of properties was given")], None


def check_encoder(told: Mapping[str, Any]) -> list[Check]:
    """Compare the numbers of figure 1 with the encoder of this installation."""
    if told.get("draws") != "figure 1":
        return []
    facts = read_architecture_facts(describe_encoder(RainmerEncoder(WIDTHS["full"])))
    other = describe_differences(told["encoder"], asdict(facts))
    if other:
        return [differs("encoder", f"the encoder of this installation has another {other}")]
    return [agrees("encoder", f"{facts.total:,} parameters, counted in the module itself")]
