"""What an audit finds: one value a finding, which JSON, CSV and pages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FINDINGS", "Finding"]

FINDINGS: Mapping[str, str] = {
    "unreadable": "files that cannot be used",
    "missing-partner": "images without a partner, or with that of another scene",
    "size-mismatch": "pairs of unequal size",
    "identical-pair": "pairs without any difference",
    "swapped-pair": "pairs whose clean image is the degraded one",
    "shifted-pair": "pairs that are shifted, resized or turned",
    "duplicate": "images with equal pixels",
    "near-duplicate": "re-encoded, resized, cropped or mirrored copies",
    "shared-scene": "images of one scene with other weather",
    "known-set": "images of a known set",
}
"""Kinds of findings in the order of reports, and what they are."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    Parameters
    ----------
    finding
        A name in `FINDINGS`.
    a
        The image that it is about.
    b
        The other image, where there is one: of the two, the one that came first.
    detail
        A sentence.
    leak
        Whether the two are in different splits.
    numbers
        What was measured.
    """

    finding: str
    a: str
    b: str | None = None
    detail: str = ""
    leak: bool = False
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return JSON types."""
        return {
            "finding": self.finding,
            "a": self.a,
            "b": self.b,
            "leak": self.leak,
            "detail": self.detail,
            **self.numbers,
        }

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> Finding:
        """Return what `document` described."""
        own = {"finding", "a", "b", "leak", "detail"}
        numbers = {name: value for name, value in found.items() if name not in own}
        return cls(
            found["finding"], found["a"], found["b"], found["detail"], found["leak"], numbers
        )
