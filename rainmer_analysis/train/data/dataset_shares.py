"""How often each dataset is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError, ParameterError
from rainmer_analysis.train.config import DataConfig
from rainmer_analysis.train.data.sampling_order import Shares, dataset_shares
from rainmer_analysis.train.data.training_pool import Pool

__all__ = ["configured_shares"]


def configured_shares(data: DataConfig, pool: Pool, rows: NDArray[np.int64]) -> Shares | None:
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
        return dataset_shares(labels, weights)
    except ParameterError as error:
        raise ConfigError(f"data.sampling is {data.sampling!r}, but {error}") from error
