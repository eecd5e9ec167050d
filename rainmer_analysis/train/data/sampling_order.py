"""The order in which training images are seen, a function of seed and position alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ParameterError

__all__ = ["Order", "Shares", "dataset_shares"]

_KEPT = 64  # epochs that stay in memory

Rows = NDArray[np.int64]


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


class Order:
    """An endless order of rows, in epochs as long as there are rows.

    Without shares every epoch is a fresh permutation of all rows. With shares a row occurs in an
    epoch as often as its share of the epoch's length says: the whole part of that number always,
    and once more with the rest as probability (systematic sampling, so that a dataset's count is
    its share to within one image); then the epoch is shuffled.

    Which row stands at a position depends on seed and position alone, so a run that continues
    needs to remember nothing but its step, and processes that share a run need not talk.

    Parameters
    ----------
    rows
        Rows to go through, at least one.
    keys
        Seed, and further whole numbers that tell orders of one run apart.
    shares
        How often each of `rows` is drawn; None for equally often.
    """

    def __init__(self, rows: Rows, *keys: int, shares: Shares | None = None) -> None:
        if len(rows) == 0:
            raise ParameterError("no training rows are left to draw from; give more images")
        self._rows = np.asarray(rows)
        self._keys = keys
        self._shares = shares
        self._epochs: dict[int, Rows] = {}
        self._lock = Lock()  # batches are made in several threads

    def take(self, start: int, count: int) -> Rows:
        """Return the rows at the positions from `start` to before `start + count`."""
        positions = np.arange(start, start + count)
        epochs, places = np.divmod(positions, len(self._rows))
        return np.array(
            [self._rows_of_epoch(int(e))[p] for e, p in zip(epochs, places, strict=True)],
            dtype=np.int64,
        )

    def _rows_of_epoch(self, epoch: int) -> Rows:
        with self._lock:
            if epoch not in self._epochs:
                if len(self._epochs) > _KEPT:
                    del self._epochs[min(self._epochs)]
                rng = np.random.default_rng([*self._keys, epoch])
                self._epochs[epoch] = rng.permutation(self._draw_by_shares(rng))
            return self._epochs[epoch]

    def _draw_by_shares(self, rng: np.random.Generator) -> Rows:
        if self._shares is None:
            return self._rows
        # Datasets stand one after the other, so that equally spaced marks count them fairly;
        # inside a dataset a fresh order decides who gets the marks.
        order = rng.permutation(len(self._rows))
        order = order[np.argsort(self._shares.groups[order], kind="stable")]
        ends = np.cumsum(self._shares.each[order]) * len(order)
        marks = rng.random() + np.arange(len(order))
        return self._rows[order[np.searchsorted(ends[:-1], marks, side="right")]]
