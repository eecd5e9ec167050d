"""Which attentions are kept, and what the attention computes of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.restorer import (
    RecordedSelection,
    Restorer,
    SelectionRecorder,
    topk_as_torch,
    topk_lowest_index,
)
from rainmer_analysis.model.restorer.config import RestorerConfig
from rainmer_analysis.model.restorer.modules.channel_attention import (
    ChannelAttention,
    kept_channels_by_rate,
    sparse_attention,
)


def distinct(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(shape[-1], generator=generator) for _ in range(shape[0])])
    return order / shape[-1] - 0.5


def tied(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 3, shape, generator=torch.Generator().manual_seed(seed)).float()


def test_the_lowest_index_wins_among_equals() -> None:
    rows = tied(50, 17)
    for k in (1, 8, 16, 17):
        places = topk_lowest_index(rows, k)
        for row, found in zip(rows.tolist(), places.tolist(), strict=True):
            assert found == sorted(range(17), key=lambda i: (-row[i], i))[:k]


def test_both_rules_agree_where_nothing_is_equal() -> None:
    rows = distinct(40, 48)
    for k in kept_channels_by_rate(48):
        assert torch.equal(topk_lowest_index(rows, k), topk_as_torch(rows, k))


def test_both_rules_keep_the_same_values_among_equals() -> None:
    rows = tied(50, 24, seed=3)
    for k in kept_channels_by_rate(24):
        ours, theirs = (
            rows.gather(1, rule(rows, k)) for rule in (topk_lowest_index, topk_as_torch)
        )
        assert torch.equal(ours, theirs)


def test_the_lowest_index_wins_with_any_number_of_threads() -> None:
    rows = tied(2000, 48)
    once = topk_lowest_index(rows, 24)
    torch.set_num_threads(2)
    assert torch.equal(topk_lowest_index(rows, 24), once)


def test_counts_are_exact_fractions() -> None:
    assert kept_channels_by_rate(48) == (24, 32, 36, 38)
    assert kept_channels_by_rate(96) == (48, 64, 72, 76)
    assert kept_channels_by_rate(16) == (8, 10, 12, 12)
    assert kept_channels_by_rate(2) == (1, 1, 1, 1)


def by_hand(logits: list[float], shares: list[float]) -> list[float]:
    """Mask one row again and again, in plain Python."""
    row, mixed = list(logits), [0.0] * len(logits)
    for share, (over, under) in zip(shares, [(1, 2), (2, 3), (3, 4), (4, 5)], strict=True):
        order = sorted(range(len(row)), key=lambda i: (-row[i], i))
        chosen = order[: len(row) * over // under]
        total = sum(math.exp(row[i]) for i in chosen)
        row = [math.exp(v) / total if i in chosen else 0.0 for i, v in enumerate(row)]
        mixed = [m + share * v for m, v in zip(mixed, row, strict=True)]
    return mixed


def test_rates_act_one_after_the_other() -> None:
    logits = distinct(6, 12).double().reshape(1, 2, 3, 12) * 4
    logits = logits.repeat(1, 1, 4, 1)
    shares = torch.tensor([0.5, -0.2, 0.3, 0.9], dtype=torch.float64)
    found = sparse_attention(logits, shares, select=topk_lowest_index)
    for row, result in zip(logits.flatten(0, 2).tolist(), found.flatten(0, 2), strict=True):
        expected = torch.tensor(by_hand(row, shares.tolist()), dtype=torch.float64)
        assert (result - expected).abs().max() < 1e-12


def test_the_second_rate_gives_weight_to_zeros() -> None:
    shares = torch.tensor([0.0, 1.0, 0.0, 0.0])
    row = torch.arange(12.0).reshape(1, 1, 1, 12).expand(1, 1, 12, 12)
    weights = sparse_attention(row, shares, select=topk_lowest_index)[0, 0, 0]
    # 6 of 12 survive the first rate, 8 the second: two that the first had dropped.
    assert (weights > 0).sum() == 8
    assert (weights[:2] > 0.05).all()
    assert (weights[2:6] == 0).all()


def test_rows_sum_to_the_shares() -> None:
    logits = torch.randn(2, 3, 10, 10, generator=torch.Generator().manual_seed(1))
    shares = torch.tensor([0.1, 0.2, 0.3, 0.5])
    sums = sparse_attention(logits, shares, select=topk_lowest_index).sum(dim=-1)
    assert torch.allclose(sums, torch.full_like(sums, 1.1), atol=1e-6)


def test_recorded_places_are_replayed(make: Callable[..., Restorer]) -> None:
    restorer, images = make(ties="published"), torch.rand(2, 3, 16, 24)
    vectors = {"chromatic": torch.rand(1, 6), "degradation": torch.rand(2, 6)}
    recorder = SelectionRecorder(topk_as_torch)
    with torch.inference_mode():
        plain = restorer(images, vectors)
        restorer.use_selection(recorder)
        assert torch.equal(restorer(images, vectors), plain)
        assert len(recorder.places) == 4 * 7
        replay = RecordedSelection(places.to(torch.int16) for places in recorder.places)
        restorer.use_selection(replay)
        assert torch.equal(restorer(images, vectors), plain)
    assert len(replay) == 0


def test_a_replay_of_other_attentions_is_refused() -> None:
    replay = RecordedSelection([torch.zeros(1, 1, 4, 2)])
    with pytest.raises(ParameterError, match=r"^recorded places are of shape \[1, 1, 4, 2\] where"):
        replay(torch.zeros(1, 1, 4, 4), 3)
    assert replay(torch.zeros(1, 1, 4, 4), 2).dtype == torch.int64
    with pytest.raises(ParameterError, match=r"used up where \[1, 1, 4, 2\] are wanted; replay"):
        replay(torch.zeros(1, 1, 4, 4), 2)


class _Largest(TorchDispatchMode):
    """Note the largest tensor that any operation gives."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        if isinstance(out, Tensor):
            self.numel = max(self.numel, out.numel())
        return out


@pytest.mark.parametrize("side", [16, 64])
def test_memory_grows_with_pixels_and_not_with_their_square(side: int) -> None:
    attention = ChannelAttention(8, 2, config=RestorerConfig())
    shapes = []

    def select(matrix: Tensor, k: int) -> Tensor:
        shapes.append(tuple(matrix.shape))
        return topk_lowest_index(matrix, k)

    attention.select = select
    with torch.inference_mode(), _Largest() as largest:
        attention(torch.rand(1, 8, side, side))
    assert shapes == [(1, 2, 4, 4)] * 4
    assert largest.numel == 3 * 8 * side * side


def test_attention_ignores_the_scale_of_queries_and_keys() -> None:
    torch.manual_seed(0)
    attention = ChannelAttention(6, 1, config=RestorerConfig()).double()
    x = torch.rand(1, 6, 8, 8, dtype=torch.float64)
    before = attention(x)
    with torch.no_grad():
        attention.qkv.weight[:12] *= 7
    assert torch.allclose(attention(x), before, atol=1e-12)


def test_half_precision_ranks_in_full_precision() -> None:
    torch.manual_seed(0)
    attention = ChannelAttention(8, 2, config=RestorerConfig())
    types = set()

    def select(matrix: Tensor, k: int) -> Tensor:
        types.add(matrix.dtype)
        return topk_lowest_index(matrix, k)

    attention.select = select
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = attention(torch.rand(1, 8, 8, 8))
    assert types == {torch.float32}
    assert out.isfinite().all()
