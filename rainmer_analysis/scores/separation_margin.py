"""How clearly one dataset stands apart from all others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.matrix_bootstrap import Statistic

__all__ = ["make_separation_margin_statistic"]


def make_separation_margin_statistic(dataset: str) -> Statistic:
    """Return a statistic for `bootstrap`: how clearly `dataset` stands apart from all others.

    The lowest score between two of the other datasets minus the highest score of `dataset`
    with any of them. Positive: the scores alone tell it from the others.

    Raises ParameterError: when it is taken: there is no such dataset, or there are fewer than two
    others.
    """

    def margin(values: npt.NDArray[np.float64], datasets: tuple[str, ...]) -> float:
        if dataset not in datasets or len(datasets) < 3:
            raise ParameterError(
                f"the margin of {dataset!r} over {', '.join(datasets)} is undefined; "
                "it needs that dataset and at least two others"
            )
        place = datasets.index(dataset)
        others = np.delete(np.delete(values, place, axis=0), place, axis=1)
        among_others = others[np.triu_indices(len(others), k=1)]
        return float(among_others.min() - np.delete(values[place], place).max())

    return margin
