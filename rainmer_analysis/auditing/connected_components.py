"""What is connected, directly or through others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["first_member_of_component"]


def first_member_of_component(
    count: int, pairs: Iterable[tuple[int, int]]
) -> npt.NDArray[np.int64]:
    """Return for each of `count` things the first one that it is connected to, itself included.

    `pairs` are those that are connected directly.
    """
    if count == 0:
        return np.empty(0, dtype=np.int64)
    listed = np.array([*pairs], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(listed)), (listed[:, 0], listed[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, firsts = np.unique(labels, return_index=True)
    return np.asarray(firsts[labels], dtype=np.int64)
