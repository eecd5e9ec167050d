"""How clearly one dataset stands apart from all others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.matrix_bootstrap import Statistic

__all__ = ["night_margin_statistic"]


def night_margin_statistic(night: str) -> Statistic:
    """Return a statistic for `bootstrap`: how clearly `night` stands apart from all others.

    The lowest score between two of the other (daytime) datasets minus the highest score of `night`
    with any of them. Positive: the scores alone tell night from day.

    Raises ParameterError: when it is taken: there is no such dataset, or there are fewer than two
    others.
    """

    def margin(values: npt.NDArray[np.float64], datasets: tuple[str, ...]) -> float:
        if night not in datasets or len(datasets) < 3:
            raise ParameterError(
                f"the margin of {night!r} over {', '.join(datasets)} is undefined; "
                "it needs that dataset and at least two others"
            )
        place = datasets.index(night)
        day = np.delete(np.delete(values, place, axis=0), place, axis=1)
        others = day[np.triu_indices(len(day), k=1)]
        return float(others.min() - np.delete(values[place], place).max())

    return margin
