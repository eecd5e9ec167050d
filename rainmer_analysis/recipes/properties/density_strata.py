"""The published rule by which GTAV-balance was chosen: three strata of rain density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import sample_ids

__all__ = ["EDGES", "Stratum", "choose_by_density_strata"]

EDGES = (0.04, 0.08)
"""Upper ends of the lower two strata, each belonging to the stratum below it."""


@dataclass(frozen=True)
class Stratum:
    """One stratum: its range, the share wanted, candidates in it and how many are chosen."""

    name: str
    share: float
    candidates: int
    chosen: int


def choose_by_density_strata(
    density: NDArray[np.float64],
    references: Sequence[NDArray[np.float64]],
    ids: Sequence[str],
    *,
    seed: int,
) -> tuple[NDArray[np.int64], tuple[Stratum, ...]]:
    """Choose rows by the published rule; return sorted positions and what came of each stratum.

    All rows with a density above .08 are kept. Of those up to .04, and of those between, so many
    are drawn without replacement that their shares are the means of the references' shares;
    numbers are rounded down. The published draw was not seeded; this one takes the ids with the
    smallest SHA-256 of ``seed/id``. Densities have the shape (n,), and each candidate an id.

    Raises
    ------
    ParameterError
        No candidate lies above .08, all references lie below, or a stratum holds too few.
    """
    own = _stratum_of_each_row(density)
    shares = np.mean(
        [np.bincount(_stratum_of_each_row(each), minlength=3) / len(each) for each in references], 0
    )
    counts = np.bincount(own, minlength=3)
    if counts[2] == 0 or shares[2] == 0.0:
        whose = "candidate" if counts[2] == 0 else "image of the sets to be like"
        raise ParameterError(
            f"no {whose} has a density above {EDGES[1]}, from whose number the published rule "
            "finds all others; use the method optimal with a size"
        )
    total = counts[2] / shares[2]
    wanted = [int(total * shares[0]), int(total * shares[1]), int(counts[2])]
    chosen = []
    for stratum, number in enumerate(wanted):
        here = np.flatnonzero(own == stratum)
        if number > len(here):
            raise ParameterError(
                f"the published rule wants {number:,} images with a density {_NAMES[stratum]}, but "
                f"there are {len(here):,}; use the method optimal with a size"
            )
        if number:
            by_id = {ids[row]: row for row in here.tolist()}
            chosen += [by_id[each] for each in sample_ids(by_id, number, seed)]
    strata = tuple(
        Stratum(name, float(share), int(count), number)
        for name, share, count, number in zip(_NAMES, shares, counts, wanted, strict=True)
    )
    return np.sort(np.array(chosen, dtype=np.int64)), strata


_NAMES = ("up to .04", "over .04 up to .08", "over .08")


def _stratum_of_each_row(density: NDArray[np.float64]) -> NDArray[np.int64]:
    # measured in float32, where .04 is a little less than .04
    return np.searchsorted(np.array(EDGES, np.float32), density.astype(np.float32)).astype(np.int64)
