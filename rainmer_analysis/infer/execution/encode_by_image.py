"""A batch of images on a CPU: each thread takes images of its own, as in extraction."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from rainmer_analysis.errors import ParameterError

__all__ = ["encode_by_image", "thread_count"]

Named = dict[str, Tensor]


def thread_count(wanted: int | None, images: int) -> int:
    """Return how many threads encode so many images; None is for as many as PyTorch has.

    Raises
    ------
    ParameterError
        The number is below 1.
    """
    if wanted is not None and wanted < 1:
        raise ParameterError(f"{wanted} threads were asked for; give a number from 1 up")
    return max(1, min(wanted or torch.get_num_threads(), images))


def encode_by_image(work: Callable[[Tensor], Named], images: Tensor, threads: int) -> Named:
    """Encode images [n, 3, H, W], n at least 1, one by one, so many at once.

    PyTorch has one thread in each of them: threads that share an image wait for each other after
    every layer.
    """
    before = torch.get_num_threads()

    def encode_alone(image: Tensor) -> Named:
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        return work(image[None])

    try:
        with ThreadPoolExecutor(threads, thread_name_prefix="encode") as pool:
            found = list(pool.map(encode_alone, images))
    finally:
        torch.set_num_threads(before)
    return {view: torch.cat([each[view] for each in found]) for view in found[0]}
