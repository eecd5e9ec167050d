from __future__ import annotations

import math

import torch

from rainmer_analysis.distributed import DistributedContext
from rainmer_analysis.train.loop.logs.deferred_numbers import DeferredNumbers, StepNumbers


def test_steps_come_back_in_order_with_their_own_names() -> None:
    numbers = DeferredNumbers(DistributedContext())
    numbers.add(torch.tensor(True), [{"loss": torch.tensor(1.5)}, {"norm": torch.tensor(2.0)}])
    numbers.add(torch.tensor(False), [{"loss": torch.tensor(math.inf), "more": torch.tensor(3.0)}])
    assert len(numbers) == 2
    assert list(numbers.read_and_clear()) == [
        StepNumbers(True, ({"loss": 1.5}, {"norm": 2.0})),
        StepNumbers(False, ({"loss": math.inf, "more": 3.0},)),
    ]
    assert len(numbers) == 0
    assert list(numbers.read_and_clear()) == []
