"""How often each dataset is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError, ParameterError
from rainmer_analysis.train.config import DataConfig
from rainmer_analysis.train.data.order import Shares, shares_of
from rainmer_analysis.train.data.pool import Pool

__all__ = ["shares_of_rows"]


def shares_of_rows(data: DataConfig, pool: Pool, rows: NDArray[np.int64]) -> Shares | None:
    """Return each of some rows of a pool its share of the draws; None where all are drawn alike.

    Raises
    ------
    ConfigError
        The weights do not fit the datasets.
    """
    if data.sampling == "proportional":
        return None
    labels = [pool.datasets[row] for row in rows]
    weights = data.weights if data.sampling == "weights" else dict.fromkeys(labels, 1.0)
    try:
        return shares_of(labels, weights)
    except ParameterError as error:
        raise ConfigError(f"data.sampling is {data.sampling!r}, but {error}") from error
