"""What pictures show beside maps and matrices: probes, properties, the architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rainmer_analysis.draw import read_architecture_facts
from rainmer_analysis.model import WIDTHS, RainmerEncoder, describe_encoder
from rainmer_analysis.recipes.verify.evidence import (
    Check,
    GivenFiles,
    describe_differences,
    list_differences,
)
from rainmer_analysis.values import PropertyTable, array_digest

__all__ = ["check_encoder", "check_probe", "find_and_check_properties"]


def check_probe(record: Mapping[str, Any], inputs: GivenFiles) -> list[Check]:
    """Compare the numbers of a probe with its file."""
    if record.get("draws") != "probe":
        return []
    stated = record["numbers"]
    candidates = inputs.of_kind("probe")
    for each in candidates:
        found = {name: each.document.get(name) for name in ("design", "spaces")}
        other = list_differences(stated, found)
        if not other:
            return [Check("probe", "agrees", f"all numbers: {each.path}")]
        if each.document.get("request") == record["probe"] or len(candidates) == 1:
            return [
                Check(
                    "probe",
                    "differs",
                    f"{each.path} differs in {describe_differences(stated, found)}",
                )
            ]
    if candidates:
        return [
            Check(
                "probe", "differs", f"{candidates[0].path} is not the probe that the picture shows"
            )
        ]
    return [Check("probe", "not checked", "no file of a probe was given")]


def find_and_check_properties(
    record: Mapping[str, Any], inputs: GivenFiles
) -> tuple[list[Check], PropertyTable | None]:
    """Look for the table of properties that a picture shows."""
    if record.get("draws") != "properties":
        return [], None
    candidates = inputs.of_kind("properties")
    for each in candidates:
        table = each.value
        same = array_digest(table.values) == record["properties"]
        if same and dict(table.rows.counts) == dict(record["counts"]):
            return [Check("properties", "agrees", f"{len(table):,} images: {each.path}")], table
    if candidates:
        path = candidates[0].path
        return [
            Check("properties", "differs", f"{path} holds other measures than the picture shows")
        ], None
    return [Check("properties", "not checked", "no table of properties was given")], None


def check_encoder(record: Mapping[str, Any]) -> list[Check]:
    """Compare the numbers of figure 1 with the encoder of this installation."""
    if record.get("draws") != "figure 1":
        return []
    facts = read_architecture_facts(describe_encoder(RainmerEncoder(WIDTHS["full"])))
    other = describe_differences(record["encoder"], asdict(facts))
    if other:
        return [
            Check("encoder", "differs", f"the encoder of this installation has another {other}")
        ]
    return [Check("encoder", "agrees", f"{facts.total:,} parameters, counted in the module itself")]
