"""Which N images of a dataset are looked at: the same on every machine.

The sample of N is made of the N images with the smallest SHA-256 of the UTF-8 text
``seed/image_id``, where ``image_id`` is the POSIX path relative to the dataset's own folder. It is
without replacement, nested for growing N, and does not change when other datasets join.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

from rainmer_analysis.errors import ParameterError

__all__ = ["sample_ids", "sampling_hash"]


def sampling_hash(seed: int, image_id: str) -> str:
    """Return the hexadecimal SHA-256 by which an image is drawn.

    Examples
    --------
    >>> sampling_hash(42, "input/1.png")[:8]
    '1610f6f7'
    """
    # names that are not UTF-8 are judged, and left out, when the images are read
    return hashlib.sha256(f"{seed}/{image_id}".encode("utf-8", "surrogatepass")).hexdigest()


def sample_ids(ids: Iterable[str], n: int | None, seed: int) -> list[str]:
    """Draw n of the ids; all of them when there are fewer or when n is None.

    Returns
    -------
    The chosen ids in sorted order (by code point), each once.

    Raises
    ------
    ParameterError
        n is under 1.
    """
    distinct = set(ids)
    if n is None:
        return sorted(distinct)
    if n < 1:
        raise ParameterError(f"a sample of {n} images was asked for; ask for at least 1")
    return sorted(heapq.nsmallest(n, distinct, key=lambda each: sampling_hash(seed, each)))
