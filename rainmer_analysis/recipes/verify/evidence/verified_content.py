"""What a picture shows, as far as it was verified."""

from __future__ import annotations

from dataclasses import dataclass, field

from rainmer_analysis.recipes.verify.evidence.checks import Check
from rainmer_analysis.recipes.verify.evidence.given_files import GivenFile
from rainmer_analysis.values import PropertyTable, RelationshipMatrix, SphereMap

__all__ = ["VerifiedContent"]


@dataclass
class VerifiedContent:
    """What a picture shows, as far as it agrees, and all comparisons.

    Parameters
    ----------
    checks
        In the order in which they were made.
    maps, matrices
        As they were drawn, those that agree.
    properties
        Likewise, of a picture of properties.
    tables
        Of each content that is named, the table where it was found.
    """

    checks: list[Check] = field(default_factory=list)
    maps: list[SphereMap] = field(default_factory=list)
    matrices: list[RelationshipMatrix] = field(default_factory=list)
    properties: PropertyTable | None = None
    tables: dict[str, GivenFile | None] = field(default_factory=dict)
