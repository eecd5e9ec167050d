"""The released run: its numbers lie in the checkout, and a new run says whether it agrees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "TOLERANCE",
    "ReleasedRunComparison",
    "compare_with_released",
    "find_released_run_folder",
]

# Sums of float32 products differ between processors by about 1e-6; one flipped 8-bit pixel or a
# resampled neighbour moves a mean of thousands of cosines by less than this.
TOLERANCE = 0.005


@dataclass(frozen=True)
class ReleasedRunComparison:
    """How a run compares with the released one.

    Parameters
    ----------
    comparable
        Whether both were asked for the same (data, number of images, seed, weights, precision).
    matrices
        Space to the largest absolute difference of a score.
    claims
        Names of claims with another verdict.
    """

    comparable: bool
    matrices: Mapping[str, float]
    claims: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every score lies within `TOLERANCE` and every verdict is the same."""
        close = all(value <= TOLERANCE for value in self.matrices.values())
        return self.comparable and close and not self.claims

    @property
    def sentence(self) -> str:
        """The comparison in one sentence."""
        if not self.comparable:
            return (
                "not compared with the released run: it was made from other data or weights, or in "
                "another precision"
            )
        largest = max(self.matrices.values(), default=0.0)
        if self.holds:
            return (
                f"agrees with the released run: scores within {largest:.1e} "
                f"(tolerance {TOLERANCE}), all verdicts the same"
            )
        changed = f"; other verdicts: {', '.join(self.claims)}" if self.claims else ""
        return (
            f"DIFFERS from the released run: largest difference of a score {largest:.2e}, "
            f"tolerance {TOLERANCE}{changed}"
        )


def find_released_run_folder() -> Path | None:
    """Return ``figures/reference`` of the checkout that the package runs from, if there is one."""
    folder = Path(__file__).resolve().parents[3] / "figures" / "reference"
    return folder if (folder / "numbers.json").is_file() else None


def compare_with_released(numbers: Mapping[str, Any], folder: Path) -> ReleasedRunComparison:
    """Compare a run's numbers with the released ones in `folder`."""
    released = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    if released["request"] != numbers["request"]:
        return ReleasedRunComparison(comparable=False, matrices={}, claims=())
    differences = {
        name: float(np.abs(np.array(stated) - np.array(numbers["matrices"][name])).max())
        for name, stated in released["matrices"].items()
    }
    changed = tuple(
        name
        for name, verdict in released["verdicts"].items()
        if numbers["verdicts"].get(name) != verdict
    )
    return ReleasedRunComparison(comparable=True, matrices=differences, claims=changed)
