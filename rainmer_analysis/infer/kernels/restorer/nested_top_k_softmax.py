"""The nested selections of channel attention in one pass over each row."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rainmer_analysis.kernels.hcw_maps import Array
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = ["nested_top_k_softmax"]


@compiled
def _sort_descending(values, order):  # type: ignore[no-untyped-def]
    """Order places by descending value, and equal ones by their index.

    By insertion: after the first rate what was chosen is in order already.
    """
    for i in range(1, len(order)):
        place = order[i]
        value = values[place]
        j = i
        while j > 0:
            before = order[j - 1]
            if values[before] > value or (values[before] == value and before < place):
                break
            order[j] = before
            j -= 1
        order[j] = place


@compiled
def _add_nested_softmaxes(logits, shares, counts, row_scratch, order_scratch, mixed):  # type: ignore[no-untyped-def]
    heads, rows, columns = logits.shape
    for h in range(heads):
        for i in range(rows):
            for j in range(columns):
                row_scratch[j], order_scratch[j] = logits[h, i, j], j
            for rate in range(len(counts)):
                _sort_descending(row_scratch, order_scratch)
                kept, largest, total = counts[rate], row_scratch[order_scratch[0]], np.float32(0.0)
                for j in range(columns):
                    place = order_scratch[j]
                    row_scratch[place] = (
                        math.exp(row_scratch[place] - largest) if j < kept else np.float32(0.0)
                    )
                    total += row_scratch[place]
                share = np.float32(1.0) / total
                for j in range(kept):
                    place = order_scratch[j]
                    row_scratch[place] *= share
                    mixed[h, i, place] += shares[rate] * row_scratch[place]


def nested_top_k_softmax(logits: Array, shares: Array, counts: Sequence[int]) -> Array:
    """Keep the largest of each row, normalise them, and do so again with what results.

    The same as `sparse_attention` of the restorer's modules with the selection ``lowest``: of equal
    numbers those at the lowest index are kept.

    Parameters
    ----------
    logits
        float32 [heads, c, c].
    shares
        Weight of each rate's result.
    counts
        How many places each rate keeps.

    Returns
    -------
    The sum of the results, each with its share, float32 of the shape of `logits`.
    """
    mixed, columns = np.zeros_like(logits), logits.shape[-1]
    room = np.empty(columns, np.float32), np.empty(columns, np.int64)
    _add_nested_softmaxes(np.ascontiguousarray(logits), shares, np.array(counts), *room, mixed)
    return mixed
