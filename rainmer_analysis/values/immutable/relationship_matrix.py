"""Scores between datasets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values.immutable.embedding_table_and_map import Space
from rainmer_analysis.values.immutable.frozen import FrozenDict, Value, freeze_array
from rainmer_analysis.values.request_digest import digest

__all__ = ["SIGNIFICANT", "RelationshipMatrix"]

SIGNIFICANT = 0.05
"""Adjusted q up to which a pair counts as told apart."""
_COMPUTED_LATER = ("low", "high", "p", "q")


def _checked_square_matrix(values: npt.ArrayLike, size: int, what: str) -> npt.NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if array.shape != (size, size):
        raise ParameterError(
            f"{what} of shape {array.shape} do not fit {size} datasets; "
            f"give a {size} x {size} matrix"
        )
    if np.isinf(array).any():
        raise ParameterError(f"{what} hold an infinite cell; a cell is a number or missing (NaN)")
    return freeze_array(array)


def _checked_ceilings(values: npt.ArrayLike, size: int) -> npt.NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if array.shape != (size, 3) or np.isinf(array).any():
        raise ParameterError(
            f"ceilings of shape {array.shape} do not fit {size} datasets; "
            "give a value, a lower and an upper bound for each"
        )
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class RelationshipMatrix(Value):
    """Scores between k datasets in one space.

    Parameters
    ----------
    values
        Shape (k, k), float64; a missing cell is NaN. Symmetric where `symmetric` says so.
    datasets
        k unique names, for rows and columns alike.
    score
        Name of the score.
    space
        The space of the embeddings, or None for a score that needs none.
    counts, groups
        Images and scenes of each dataset, k numbers each.
    symmetric
        Whether the score is; then the values must be.
    parameters
        How the matrix was computed.
    low, high, p, q
        Interval bounds, permutation p and adjusted q, each (k, k), or None until computed.
    ceilings
        Each dataset's mean cosine between different scenes of its own, with its bounds: shape
        (k, 3), value, low and high, or None until computed.

    Raises
    ------
    ParameterError
        Shapes do not fit, a name occurs twice, or a symmetric score's matrix is not symmetric.
    """

    values: npt.NDArray[np.float64]
    datasets: tuple[str, ...]
    score: str
    space: Space | None
    counts: tuple[int, ...]
    groups: tuple[int, ...]
    symmetric: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)
    low: npt.NDArray[np.float64] | None = None
    high: npt.NDArray[np.float64] | None = None
    p: npt.NDArray[np.float64] | None = None
    q: npt.NDArray[np.float64] | None = None
    ceilings: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        names = tuple(self.datasets)
        size = len(names)
        if size == 0 or len(set(names)) != size:
            raise ParameterError(
                "a matrix needs at least one dataset and no name twice, "
                f"but came with {list(names)}"
            )
        if not all(isinstance(name, str) for name in names):
            raise ParameterError(f"datasets are named by text, but came as {list(names)}")
        values = _checked_square_matrix(self.values, size, "scores")
        if self.symmetric and not np.allclose(values, values.T, rtol=0, atol=1e-9, equal_nan=True):
            raise ParameterError(
                f"the score {self.score!r} is symmetric but its matrix is not; "
                "compute both halves alike"
            )
        for name in ("counts", "groups"):
            given = tuple(int(number) for number in getattr(self, name))
            if len(given) != size:
                raise ParameterError(
                    f"{len(given)} {name} do not fit {size} datasets; give one for each"
                )
            object.__setattr__(self, name, given)
        for name in _COMPUTED_LATER:
            if getattr(self, name) is not None:
                object.__setattr__(
                    self, name, _checked_square_matrix(getattr(self, name), size, name)
                )
        if self.ceilings is not None:
            object.__setattr__(self, "ceilings", _checked_ceilings(self.ceilings, size))
        object.__setattr__(self, "datasets", names)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "parameters", FrozenDict(self.parameters))

    def __repr__(self) -> str:
        space = "no space" if self.space is None else self.space.name
        return f"RelationshipMatrix({self.score}, {len(self.datasets)} datasets, {space})"

    def to_frame(self) -> pd.DataFrame:
        """Return the scores as a labelled data frame, shape (k, k)."""
        return pd.DataFrame(self.values.copy(), index=self.datasets, columns=self.datasets)

    @property
    def decimals(self) -> int:
        """How many decimals to show: 2, or two digits of the largest distance."""
        if not self.is_distance:
            return 2
        sizes = np.abs(self.values[np.isfinite(self.values)])
        peak = float(sizes.max()) if sizes.size else 1.0
        return max(2, 1 - math.floor(math.log10(peak))) if peak > 1e-6 else 2

    @property
    def is_distance(self) -> bool:
        """Whether more means further apart; a score whose file says nothing is a similarity."""
        return not self.parameters.get("similarity", True)

    @property
    def undecided(self) -> npt.NDArray[np.bool_]:
        """Whether the null cannot tell a pair apart at 5 % after adjustment, shape (k, k)."""
        if self.q is None:
            return np.zeros(self.values.shape, dtype=np.bool_)
        return np.asarray(self.q > SIGNIFICANT)

    @property
    def content_sha256(self) -> str:
        """Identity of scores, names and space, for provenance and up-to-date checks."""
        space = None if self.space is None else asdict(self.space)
        identity = [self.values, self.datasets, self.score, space, self.low, self.high]
        if self.p is not None or self.ceilings is not None:
            identity += [self.p, self.q, self.ceilings]
        return digest(identity)
