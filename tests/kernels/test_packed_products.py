"""Products with matrices that are laid out beforehand, against float64."""

from __future__ import annotations

import math

import pytest
import torch

from rainmer_analysis.kernels.packed_products import PackedWeights, flat_memory, multiply_packed

# what rounding leaves of a sum of 384 numbers, and of a result in bfloat16
ERRORS = {torch.float32: 2e-6, torch.bfloat16: 2**-8}


@pytest.mark.parametrize("dtype", list(ERRORS))
@pytest.mark.parametrize("columns", [16, 48, 64, 128])
@pytest.mark.parametrize("rows", [1, 7, 8, 9, 64])
def test_agrees_with_the_direct_sum(dtype: torch.dtype, columns: int, rows: int) -> None:
    torch.manual_seed(rows)
    for depth in (2, 48, 384):
        matrices = torch.randn(3, depth, columns).to(dtype)
        # rows and matrices lie apart, as strips of maps do
        left = torch.randn(3, rows + 2, depth + 6).to(dtype)[:, 1 : rows + 1, :depth]
        whole = torch.full((3, rows + 2, columns + 16), 9).to(dtype)
        out = whole[:, 1:-1, :columns]
        PackedWeights(matrices.float(), dtype).multiply_into(left, out)
        expected = torch.bmm(left.double(), matrices.double())
        scale = float(expected.abs().max())
        assert float((out.double() - expected).abs().max()) < ERRORS[dtype] * scale
        whole[:, 1:-1, :columns] = 9
        assert bool((whole == 9).all())


@pytest.mark.parametrize("dtype", list(ERRORS))
@pytest.mark.parametrize("onto", [False, True])
def test_small_numbers_are_raised_and_added_on_request(dtype: torch.dtype, onto: bool) -> None:
    torch.manual_seed(0)
    left, matrices = torch.randn(11, 32).to(dtype), torch.randn(1, 32, 48).to(dtype)
    out = torch.randn(11, 48).to(dtype)
    expected = (left.double() @ matrices[0].double()).clamp(min=0.25) + onto * out.double()
    factors = PackedWeights(matrices, dtype)
    places = (0, 32, 0), (0, 48, 0)
    multiply_packed(
        flat_memory(left),
        places[0],
        factors.packed,
        factors.form,
        11,
        flat_memory(out),
        places[1],
        0.25,
        onto,
    )
    scale = float(expected.abs().max())
    assert float((out.double() - expected).abs().max()) < ERRORS[dtype] * scale


@pytest.mark.parametrize("dtype", list(ERRORS))
def test_nan_is_not_raised(dtype: torch.dtype) -> None:
    left, out = torch.ones(9, 16).to(dtype), torch.zeros(9, 16).to(dtype)
    left[4, 3] = math.nan
    factors = PackedWeights(torch.ones(1, 16, 16), dtype)
    places = (0, 16, 0)
    multiply_packed(
        flat_memory(left),
        places,
        factors.packed,
        factors.form,
        9,
        flat_memory(out),
        places,
        0.0,
        False,
    )
    assert torch.isnan(out).all(1).nonzero().flatten().tolist() == [4]
    assert bool((out[torch.arange(9) != 4] == 16).all())
