"""What every engine is told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rainmer_analysis.errors import ParameterError

__all__ = ["LayoutParameters"]

_SEEDS = 2**32


@dataclass(frozen=True)
class LayoutParameters:
    """Parameters of one layout.

    Parameters
    ----------
    neighbors
        Rows that a row is held near to, at least 2; the row itself is counted.
    min_dist
        Least distance of neighbours in the layout, in [0, 1]; 0 lets them touch.
    seed
        In [0, 2^32).

    Raises
    ------
    ParameterError
        One lies outside of what is allowed.
    """

    neighbors: int = 50
    min_dist: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        if self.neighbors < 2:
            raise ParameterError(
                f"{self.neighbors} neighbors were asked for; a layout needs at least 2, "
                "and 15 to 50 are usual"
            )
        if not (math.isfinite(self.min_dist) and 0 <= self.min_dist <= 1):
            raise ParameterError(
                f"min_dist is {self.min_dist}; give a number from 0 (points may touch) to 1"
            )
        if not 0 <= self.seed < _SEEDS:
            raise ParameterError(f"the seed is {self.seed}; give a whole number from 0 to 2^32 - 1")
