"""The order in which training images are seen, a function of seed and position alone."""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.train.data.dataset_shares import Shares

__all__ = ["SamplingOrder"]

_KEPT = 64  # epochs that stay in memory

Rows = NDArray[np.int64]


class SamplingOrder:
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
