"""What a score is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Context", "Score"]


@dataclass(frozen=True)
class Context:
    """What a comparison knows beyond the two summaries.

    Parameters
    ----------
    same
        Whether both summaries are of the same dataset: a cell on the diagonal.
    """

    same: bool


@dataclass(frozen=True)
class Score:
    """A way to compare two datasets through summaries that stream.

    Parameters
    ----------
    name
        As in ``--score NAME``.
    about
        One line for people.
    summarise
        Float64 unit rows (b, d), b at least 1, of one dataset -> summary.
    merge
        Two summaries of disjoint images of a dataset -> the summary of both; associative and
        commutative up to rounding.
    compare
        Two summaries and a `Context` -> the score.
    fewest, fewest_same
        Images that each dataset needs for a cell off and on the diagonal; cells with fewer are
        missing (NaN).
    symmetric
        Whether compare(a, b) equals compare(b, a).
    similarity
        Whether more means more alike; False for a distance.
    """

    name: str
    about: str
    summarise: Callable[[npt.NDArray[np.float64]], Any]
    merge: Callable[[Any, Any], Any]
    compare: Callable[[Any, Any, Context], float]
    fewest: int = 1
    fewest_same: int = 1
    symmetric: bool = True
    similarity: bool = True
