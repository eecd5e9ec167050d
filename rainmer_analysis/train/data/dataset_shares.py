"""How often each dataset is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError, ParameterError
from rainmer_analysis.train.config import DataConfig
from rainmer_analysis.train.data.training_pool import Pool

__all__ = ["Shares", "configured_shares", "dataset_shares"]


@dataclass(frozen=True)
class Shares:
    """How often rows are drawn.

    Parameters
    ----------
    each
        Share of each row, from 0 up, summing to 1, shape [n].
    groups
        Number of each row's dataset, shape [n].
    """

    each: NDArray[np.float64]
    groups: NDArray[np.int64]


def dataset_shares(labels: Sequence[str], weights: Mapping[str, float]) -> Shares:
    """Divide each dataset's weight among its rows.

    Parameters
    ----------
    labels
        Dataset of each row.
    weights
        Dataset to weight, from 0 up; their scale does not matter.

    Raises
    ------
    ParameterError
        A dataset has no weight, a weight belongs to no dataset, or nothing is left to draw.
    """
    present = dict.fromkeys(labels)
    lacking = [name for name in present if name not in weights]
    strange = [name for name in weights if name not in present]
    if lacking or strange:
        what = f"no weight for {lacking[0]!r}" if lacking else f"a weight for {strange[0]!r}"
        raise ParameterError(
            f"the weights of the datasets hold {what}; "
            f"the datasets are {', '.join(present)}, give each a number from 0 up"
        )
    names, groups, counts = np.unique(labels, return_inverse=True, return_counts=True)
    own = np.array([weights[name] for name in names], dtype=np.float64)
    total = own.sum()
    if not (np.isfinite(total) and total > 0 and (own >= 0).all()):
        raise ParameterError(
            f"the weights of the datasets are {dict(weights)}; "
            "give numbers from 0 up that are not all 0"
        )
    return Shares((own / counts / total)[groups], groups)


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
