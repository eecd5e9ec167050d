"""Workspaces: one for a thread and a size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from rainmer_analysis.kernels.thread_workspaces import ThreadWorkspaces


def test_a_thread_keeps_one_workspace_and_shares_none() -> None:
    spaces = ThreadWorkspaces(lambda size: [size])
    here = spaces.of_size((8, 9))
    assert spaces.of_size((8, 9)) is here
    together = Barrier(2)

    def of(_: int) -> list[tuple[int, int]]:
        together.wait(timeout=60)
        return spaces.of_size((8, 9))

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(of, range(2))
    assert one == two == here
    assert len({id(one), id(two), id(here)}) == 3
    assert spaces.of_size((9, 8)) == [(9, 8)]
    assert spaces.of_size((8, 9)) is not here
    spaces.discard()
    assert spaces.of_size((8, 9)) == [(8, 9)]


def test_a_size_that_memory_is_short_of_leaves_the_others_usable() -> None:
    def make(size: tuple[int, int]) -> tuple[int, int]:
        if size[0] > 100:
            raise MemoryError
        return size

    spaces = ThreadWorkspaces(make)
    for _ in range(2):
        assert spaces.of_size((8, 8)) == (8, 8)
        with pytest.raises(MemoryError):
            spaces.of_size((1000, 8))
