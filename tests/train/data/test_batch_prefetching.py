from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import torch

from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import AirNetTrainable, RainmerTrainable
from rainmer_analysis.train.data import HostBatch, Pool, Prefetcher, prefetcher_for_device
from rainmer_analysis.train.restoration import RestorerTrainable


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_numbers_come_as_asked_whatever_the_workers(workers: int) -> None:
    def late(number: int) -> int:
        time.sleep(0.01 * (number % 3))
        return number**2

    ahead = Prefetcher(late, workers=workers, ahead=3)
    # a run that goes on, jumps to where another stopped, and repeats a step
    wanted = [0, 1, 2, 9, 10, 10, 3, 4]
    assert [ahead(number) for number in wanted] == [number**2 for number in wanted]


def test_no_more_is_made_than_may_wait() -> None:
    made, lock = set(), threading.Lock()

    def make(number: int) -> int:
        with lock:
            made.add(number)
        return number

    ahead = Prefetcher(make, workers=2, ahead=3)
    for number in range(5):
        ahead(number)
    end = time.monotonic() + 30
    while len(made) < 8 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)  # in which more could be made
    assert made == set(range(8))


def test_what_goes_wrong_is_raised_where_it_is_asked_for() -> None:
    def make(number: int) -> int:
        if number == 2:
            raise ValueError("the third")
        return number

    ahead = Prefetcher(make, workers=1)
    assert [ahead(0), ahead(1)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        ahead(2)


def test_a_cpu_reads_when_it_is_asked() -> None:
    asked = []

    def read(number: int) -> HostBatch[int]:
        asked.append(number)
        return HostBatch({"x": torch.ones(1)}, number)

    assert prefetcher_for_device(torch.device("cpu"), read)(3).plan == 3
    assert asked == [3]


@pytest.mark.parametrize("kind", ["rainmer", "airnet", "restorer"])
def test_batches_made_ahead_in_threads_are_those_made_in_turn(
    kind: str,
    pool: Pool,
    settings: Callable[..., TrainConfig],
    restoring: Callable[..., TrainConfig],
) -> None:
    kinds = {"rainmer": RainmerTrainable, "airnet": AirNetTrainable, "restorer": RestorerTrainable}
    config = restoring() if kind == "restorer" else settings(kind)
    in_turn, other = (kinds[kind](config, pool)._ahead for _ in range(2))
    in_threads = Prefetcher(other, workers=3)
    for number in range(6):
        first, second = in_turn(number), in_threads(number)
        assert first.plan == second.plan
        assert first.parts.keys() == second.parts.keys()
        assert all(torch.equal(first.parts[name], second.parts[name]) for name in first.parts)
