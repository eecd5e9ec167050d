"""What was compared, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Check", "Outcome", "Verification"]

Outcome = Literal["agrees", "differs", "not checked"]


@dataclass(frozen=True)
class Check:
    """One comparison.

    Parameters
    ----------
    what
        What was compared: ``record``, ``picture``, or an input, as in ``matrix
        rainmer/chromatic``.
    outcome
        ``agrees``, ``differs`` or ``not checked``.
    detail
        With what it was compared, or why it differs or was not checked.
    """

    what: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True)
class Verification:
    """All comparisons of one picture.

    Parameters
    ----------
    path
        The picture.
    record
        What it carries.
    checks
        In the order in which they were made.
    passed_over
        Files among the inputs that could not be used, by path, each with the reason.
    """

    path: Path
    record: Mapping[str, Any]
    checks: tuple[Check, ...]
    passed_over: Mapping[str, str]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not any(check.outcome == "differs" for check in self.checks)

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "kind": "verification",
            "picture": str(self.path),
            "agrees": self.agrees,
            "checks": [asdict(check) for check in self.checks],
            "passed_over": dict(self.passed_over),
            "record": dict(self.record),
        }
